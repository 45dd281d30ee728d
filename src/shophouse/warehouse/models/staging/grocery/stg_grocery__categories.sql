-- One row per category and version.
{{ config(enabled=uses_platform('grocery')) }}

with

categories as (
    select
        source,
        category_id,
        category_name,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_grocery__categories') }}
)

select
    source,
    cast(category_id as varchar) as category_id,
    category_name,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from categories
