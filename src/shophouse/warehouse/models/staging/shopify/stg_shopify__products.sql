-- One row per variant and version.
{{ config(enabled=uses_platform('shopify')) }}

with

variants as (
    select
        source,
        root_id,
        id,
        title,
        sku,
        price,
        grams,
        inventory_item_id,
        fulfillment_service,
        created_at,
        updated_at,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_shopify__products__variants') }}
),

products as (
    select
        source,
        id,
        title,
        vendor,
        product_type,
        status,
        _dlt_id
    from {{ ref('base_shopify__products') }}
)

select
    variants.source as source,
    cast(variants.id as varchar) as product_id,
    case when variants.title = 'Default Title' then products.title else products.title || ' - ' || variants.title end as product_name,
    cast(variants.root_id as varchar) as parent_product_id,
    variants.sku as sku,
    products.vendor as brand,
    lower(products.product_type) as category_id,
    variants.price as list_price,
    cast({{ shop_currency() }} as varchar) as currency_code,
    variants.grams as weight_grams,
    coalesce(lower(variants.fulfillment_service), '') = 'gift_card' as is_gift_card,
    lower(products.status) as status,
    variants.created_at as created_at,
    variants.updated_at as updated_at,
    variants._load_id as _load_id,
    variants._loaded_at as _loaded_at,
    variants._source_file as _source_file,
    variants._row_number as _row_number,
    variants._operation as _operation
from variants
left join products
    on variants.source = products.source
    and variants._dlt_parent_id = products._dlt_id
