-- One row per category and version: every row as received.
{{ config(enabled=uses_platform('grocery')) }}

with

received as (
    select
        _source,
        categoryid,
        categoryname,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('grocery', 'categories') }}
)

select
    _source as source,
    categoryid as category_id,
    {{ text_or_null('categoryname') }} as category_name,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
