-- One row per product and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

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
    from {{ source('storefront', 'products') }}
)

select
    _source as source,
    product_id,
    {{ text_or_null('sku') }} as sku,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('brand') }} as brand,
    category_id,
    price,
    cost,
    weight_grams,
    is_gift_card,
    is_perishable,
    shelf_life_days,
    {{ text_or_null('status') }} as status,
    {{ to_utc('created_at', source_timezone('storefront')) }} as created_at,
    {{ to_utc('updated_at', source_timezone('storefront')) }} as updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
