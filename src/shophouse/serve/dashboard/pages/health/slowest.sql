select
    model,
    seconds
from ops.model_runs
where run_id = (select max(run_id) from ops.model_runs)
order by
    seconds desc,
    model
limit 10
