-- One row per account whose row in dim_customer this run must make again: of which something has arrived, that an affected order names and nothing else
-- does yet, that only orders name, for they may name it no longer, and the unknown member. Empty in a full run.
{{ config(tags=['changes']) }}
{%- set before = as_built('core', 'dim_customer') %}

with

arrived as (
    {{ arrived('customers', ['customer_id']) }}
    union
    {{ arrived('customer_identities', ['customer_id']) }}
),

affected_orders as (
    select order_key
    from {{ ref('affected_orders') }}
    where {{ tells_scans('order_key') }}
),

orders as (
    select
        order_key,
        source,
        customer_id,
        customer_key
    from {{ ref('fct_orders') }}
    where customer_key <> {{ unknown_key() }}
),

named as (
    select
        arrived.source as source,
        arrived.customer_id as customer_id,
        {{ surrogate_key(['arrived.source', 'arrived.customer_id']) }} as customer_key,
        1 as has_arrived
    from arrived
    where arrived.customer_id is not null
    union
    select
        orders.source as source,
        orders.customer_id as customer_id,
        orders.customer_key as customer_key,
        1 as has_arrived
    from orders
    inner join affected_orders
        on orders.order_key = affected_orders.order_key
    {%- if before %}
    left join {{ before }} as known
        on orders.customer_key = known.customer_key
        and not known.is_inferred
    where known.customer_key is null
    union
    select
        accounts_before.source as source,
        accounts_before.customer_id as customer_id,
        accounts_before.customer_key as customer_key,
        0 as has_arrived
    from {{ before }} as accounts_before
    where accounts_before.is_inferred
        and accounts_before.customer_key <> {{ unknown_key() }}
    {%- endif %}
    union
    select
        'unknown' as source,
        'unknown' as customer_id,
        {{ unknown_key() }} as customer_key,
        0 as has_arrived
)

select
    named.source as source,
    named.customer_id as customer_id,
    named.customer_key as customer_key,
    max(named.has_arrived) = 1 as has_arrived
from named
where {{ passes_changes_on() }}
group by
    named.source,
    named.customer_id,
    named.customer_key
