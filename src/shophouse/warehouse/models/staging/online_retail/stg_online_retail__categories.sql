-- One row per category, load and file.
{{ config(enabled=uses_platform('online_retail')) }}

with

products as (
    select
        source,
        category_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('stg_online_retail__products') }}
)

select
    source,
    category_id,
    category_id as category_name,
    _load_id,
    _loaded_at,
    _source_file,
    min(_row_number) as _row_number,
    'insert' as _operation
from products
group by
    source,
    category_id,
    _load_id,
    _loaded_at,
    _source_file
