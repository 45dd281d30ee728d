-- One row per product and version.
{{ config(enabled=uses_platform('olist')) }}

with

products as (
    select
        source,
        product_id,
        category_name,
        weight_grams,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_olist__products') }}
)

select
    source,
    product_id,
    product_id as product_name,
    category_name as category_id,
    weight_grams,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from products
