-- One row per product: its category, whether it is premium, its class by sales, and what it sold so far.
with

products as (
    select
        product_key,
        source,
        product_id,
        product_name,
        brand,
        category_key,
        list_price,
        unit_cost,
        is_gift_card
    from {{ ref('dim_product') }}
),

categories as (
    select
        category_key,
        category_name,
        root_category_name
    from {{ ref('dim_category') }}
),

sales as (
    select
        product_key,
        quantity,
        net_sales_amount,
        margin_amount,
        return_rate,
        net_sales_rank
    from {{ ref('product_performance') }}
),

classes as (
    select
        product_key,
        abc_class,
        xyz_class
    from {{ ref('abc_xyz') }}
)

select
    products.product_key as product_key,
    products.source as source,
    products.product_id as product_id,
    products.product_name as product_name,
    products.brand as brand,
    categories.category_name as category_name,
    categories.root_category_name as root_category_name,
    products.list_price as list_price,
    products.list_price - products.unit_cost as list_margin_amount,
    {{ is_premium('products.list_price') }} as is_premium,
    classes.abc_class as abc_class,
    classes.xyz_class as xyz_class,
    coalesce(sales.quantity, 0) as lifetime_quantity,
    coalesce(sales.net_sales_amount, 0) as lifetime_net_sales_amount,
    sales.margin_amount as lifetime_margin_amount,
    sales.return_rate as return_rate,
    sales.net_sales_rank as net_sales_rank
from products
inner join categories
    on products.category_key = categories.category_key
left join sales
    on products.product_key = sales.product_key
left join classes
    on products.product_key = classes.product_key
