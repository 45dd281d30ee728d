-- One row per product (a sellable variant) as it is now, those that only order lines name among them, and the unknown member.
with

products as (
    {{ dimension(
        key='product_key',
        entity='products',
        columns=member_columns('products', also={
            'created_at': ['members.created_at', 'timestamp'],
            'updated_at': ['members.updated_at', 'timestamp'],
        }),
        named_in=[
            ('fct_order_items', 'product_key', 'product_id'),
            ('fct_refund_items', 'product_key', 'product_id'),
            ('fct_inventory_daily', 'product_key', 'product_id'),
            ('fct_events', 'product_key', 'product_id'),
            ('fct_subscription_events', 'product_key', 'product_id'),
        ],
        labels=['product_name']
    ) | indent(4) }}
),

versions as (
    select
        product_key,
        product_version_key
    from {{ ref('product_versions') }}
    where is_current
),

final as (
    select
        products.product_key as product_key,
        coalesce(versions.product_version_key, products.product_key) as product_version_key,
        products.source as source,
        products.product_id as product_id,
        products.product_name as product_name,
        products.parent_product_id as parent_product_id,
        products.sku as sku,
        products.brand as brand,
        products.category_id as category_id,
        products.category_key as category_key,
        products.list_price as list_price,
        products.unit_cost as unit_cost,
        products.currency_code as currency_code,
        products.weight_grams as weight_grams,
        products.is_gift_card as is_gift_card,
        products.status as status,
        products.created_at as created_at,
        products.updated_at as updated_at,
        products.is_deleted as is_deleted,
        products.is_inferred as is_inferred
    from products
    left join versions
        on products.product_key = versions.product_key
)

select
    product_key,
    product_version_key,
    source,
    product_id,
    product_name,
    parent_product_id,
    sku,
    brand,
    category_id,
    category_key,
    list_price,
    unit_cost,
    currency_code,
    weight_grams,
    is_gift_card,
    status,
    created_at,
    updated_at,
    is_deleted,
    is_inferred
from final
