-- One row per customer of an affected order. Empty in a full run.
with

orders as (
    select
        source,
        customer_id
    from {{ ref('checked_orders') }}
)

select distinct
    source,
    customer_id
from orders
where customer_id is not null
