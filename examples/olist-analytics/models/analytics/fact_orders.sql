-- One row per order of whatever status: is_valid says which count as sales.
with

orders as (
    select
        order_key,
        order_id,
        person_key,
        geography_key,
        order_status,
        is_valid,
        ordered_at,
        order_date,
        delivered_at,
        gross_amount,
        shipping_amount,
        payment_amount,
        product_count,
        item_count
    from {{ ref('fct_orders') }}
),

persons as (
    select
        person_key,
        customer_unique_id
    from {{ ref('dim_customers') }}
),

places as (
    select
        geography_key,
        state_code
    from {{ ref('dim_geography') }}
),

payments as (
    select
        order_key,
        cast(sum(case when payment_method = 'credit_card' then captured_amount else 0 end) as decimal(28, 4)) as credit_card_amount,
        cast(sum(case when payment_method = 'boleto' then captured_amount else 0 end) as decimal(28, 4)) as boleto_amount,
        cast(sum(case when payment_method = 'voucher' then captured_amount else 0 end) as decimal(28, 4)) as voucher_amount,
        cast(sum(case when payment_method = 'debit_card' then captured_amount else 0 end) as decimal(28, 4)) as debit_card_amount
    from {{ ref('fct_payments') }}
    group by order_key
)

select
    orders.order_id as order_id,
    persons.customer_unique_id as customer_unique_id,
    orders.order_status as order_status,
    orders.is_valid as is_valid,
    orders.ordered_at as purchased_at,
    orders.order_date as order_date,
    orders.delivered_at as delivered_at,
    places.state_code as state_code,
    orders.product_count as product_count,
    orders.item_count as item_count,
    orders.gross_amount as total_price,
    orders.shipping_amount as freight_amount,
    {{ shophouse.ratio('orders.shipping_amount', 'orders.gross_amount') }} as freight_rate,
    orders.payment_amount as payment_amount,
    coalesce(payments.credit_card_amount, 0) as credit_card_amount,
    coalesce(payments.boleto_amount, 0) as boleto_amount,
    coalesce(payments.voucher_amount, 0) as voucher_amount,
    coalesce(payments.debit_card_amount, 0) as debit_card_amount
from orders
inner join persons
    on orders.person_key = persons.person_key
inner join places
    on orders.geography_key = places.geography_key
left join payments
    on orders.order_key = payments.order_key
