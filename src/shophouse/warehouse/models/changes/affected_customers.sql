-- One row per customer of an affected order. Empty in a full run.
with

affected_orders as (
    select
        source,
        order_id
    from {{ ref('affected_orders') }}
),

order_versions as (
    {{ all_versions('orders', ['order_id', 'customer_id']) }}
),

final as (
    select distinct
        order_versions.source as source,
        order_versions.customer_id as customer_id
    from order_versions
    inner join affected_orders
        on order_versions.source = affected_orders.source
        and order_versions.order_id = affected_orders.order_id
    where order_versions.customer_id is not null
)

select
    source,
    customer_id
from final
