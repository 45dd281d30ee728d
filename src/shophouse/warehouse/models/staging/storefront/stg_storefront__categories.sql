-- One row per category and version.
{{ config(enabled=uses_platform('storefront')) }}

with

categories as (
    select
        source,
        category_id,
        name,
        parent_category_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__categories') }}
)

select
    source,
    cast(category_id as varchar) as category_id,
    name as category_name,
    cast(parent_category_id as varchar) as parent_category_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from categories
