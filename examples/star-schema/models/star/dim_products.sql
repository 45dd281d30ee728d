-- One row per product.
with

products as (
    select
        product_id,
        product_name,
        sku,
        brand,
        category_key,
        list_price,
        unit_cost
    from {{ ref('dim_product') }}
),

categories as (
    select
        category_key,
        category_name
    from {{ ref('dim_category') }}
)

select
    products.product_id as product_id,
    products.product_name as product_name,
    products.sku as sku,
    products.brand as brand,
    categories.category_name as category_name,
    products.list_price as price,
    products.unit_cost as unit_cost
from products
inner join categories
    on products.category_key = categories.category_key
