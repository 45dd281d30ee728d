{{ input('categories') }}
