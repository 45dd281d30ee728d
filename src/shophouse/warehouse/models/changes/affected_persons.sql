-- One row per person whose accounts, orders, lines or refunds this run may have changed, and the unknown member. Empty in a full run.
{{ config(tags=['changes']) }}

with

affected_orders as (
    select order_key
    from {{ ref('affected_orders') }}
    where {{ tells_scans('order_key') }}
),

orders as (
    select
        order_key,
        person_key
    from {{ ref('fct_orders') }}
),

affected_accounts as (
    select customer_key
    from {{ ref('affected_accounts') }}
    where has_arrived
),

accounts as (
    select
        customer_key,
        person_key
    from {{ ref('dim_customer') }}
),

followed_products as (
    select
        source,
        product_id
    from {{ ref('followed_products') }}
),

refund_items as (
    select
        source,
        product_id,
        person_key
    from {{ ref('fct_refund_items') }}
),

persons as (
    select person_key
    from {{ ref('affected_persons_before') }}
    union
    select orders.person_key as person_key
    from orders
    inner join affected_orders
        on orders.order_key = affected_orders.order_key
    union
    select accounts.person_key as person_key
    from accounts
    inner join affected_accounts
        on accounts.customer_key = affected_accounts.customer_key
    -- what was paid back for a gift card is no return, whatever the order's lines are
    union
    select refund_items.person_key as person_key
    from refund_items
    inner join followed_products
        on refund_items.source = followed_products.source
        and refund_items.product_id = followed_products.product_id
)

select person_key
from persons
where {{ passes_changes_on() }}
