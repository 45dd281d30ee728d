def write_runs_page(a, b):
    pass
