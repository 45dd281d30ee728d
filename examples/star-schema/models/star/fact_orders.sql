-- One row per line of an order that counts as a sale: no test, not cancelled, no gift card. revenue is quantity × price.
with

order_items as (
    select
        order_id,
        customer_key,
        product_key,
        order_date,
        quantity,
        unit_price
    from {{ ref('fct_order_items') }}
    where is_sale
        and not is_cancelled
),

customers as (
    select
        customer_key,
        customer_id
    from {{ ref('dim_customer') }}
),

products as (
    select
        product_key,
        product_id
    from {{ ref('dim_product') }}
)

select
    order_items.order_id as order_id,
    customers.customer_id as user_id,
    products.product_id as product_id,
    order_items.order_date as order_date,
    order_items.quantity as quantity,
    cast(order_items.quantity * order_items.unit_price as decimal(18, 4)) as revenue
from order_items
inner join customers
    on order_items.customer_key = customers.customer_key
inner join products
    on order_items.product_key = products.product_key
