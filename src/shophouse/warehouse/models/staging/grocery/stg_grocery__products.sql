-- One row per product and version.
{{ config(enabled=uses_platform('grocery')) }}

with

products as (
    select
        source,
        product_id,
        product_name,
        price,
        category_id,
        modified_at,
        vitality_days,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_grocery__products') }}
)

select
    source,
    cast(product_id as varchar) as product_id,
    coalesce(product_name, cast(product_id as varchar)) as product_name,
    cast(category_id as varchar) as category_id,
    price as list_price,
    coalesce(vitality_days, 0) > 0 as is_perishable,
    nullif(vitality_days, 0) as shelf_life_days,
    modified_at as updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from products
