-- One row per sellable variant and version.
{{ config(enabled=uses_platform('storefront')) }}

with

products as (
    select
        source,
        product_id,
        sku,
        name,
        brand,
        category_id,
        price,
        cost,
        weight_grams,
        is_gift_card,
        is_perishable,
        shelf_life_days,
        status,
        created_at,
        updated_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__products') }}
)

select
    source,
    cast(product_id as varchar) as product_id,
    coalesce(name, cast(product_id as varchar)) as product_name,
    sku,
    brand,
    cast(category_id as varchar) as category_id,
    price as list_price,
    cost as unit_cost,
    weight_grams,
    is_gift_card,
    is_perishable,
    shelf_life_days,
    lower(status) as status,
    created_at,
    updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from products
