-- One row per category and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        category_id,
        name,
        parent_category_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'categories') }}
)

select
    _source as source,
    category_id,
    {{ text_or_null('name') }} as name,
    parent_category_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
