-- One row per kind of product and load.
{{ config(enabled=uses_platform('shopify')) }}

with

categories as (
    select
        source,
        lower(product_type) as category_id,
        min(product_type) as category_name,
        _load_id,
        _loaded_at,
        _source_file,
        min(_row_number) as _row_number,
        'insert' as _operation
    from {{ ref('base_shopify__products') }}
    where product_type is not null
    group by
        source,
        lower(product_type),
        _load_id,
        _loaded_at,
        _source_file
)

select
    source,
    category_id,
    category_name,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from categories
