
  
  create view "shop"."staging"."base_storefront__products__dbt_tmp" as (
    -- One row per product and version: every row as received.


with

received as (
    select
        _source,
        _timezone,
        product_id,
        sku,
        name,
        brand,
        category_id,
        price,
        cost,
        weight_grams,
        is_gift_card,
        status,
        created_at,
        updated_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."raw"."storefront__products"
)

select
    _source as source,
    product_id,
    nullif(trim(sku), '') as sku,
    nullif(trim(name), '') as name,
    nullif(trim(brand), '') as brand,
    category_id,
    price,
    cost,
    weight_grams,
    is_gift_card,
    nullif(trim(status), '') as status,
    created_at as created_at,
    updated_at as updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
