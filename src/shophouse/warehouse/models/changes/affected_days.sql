-- One row per pair of days, that of an order and that on which its money moved, of whose sums this run may change any. Empty in a full run.
{{ config(tags=['changes']) }}
{%- if not execute %}{% do ref('affected_places') %}{% endif -%}

with

arrived_orders as (
    select order_key
    from {{ ref('affected_orders') }}
    where has_arrived
),

arrived_refunds as (
    select refund_key
    from {{ ref('affected_refunds') }}
    where has_arrived
),

-- Nothing of these has arrived but of their accounts or persons: few are what they weren't, and their days are what they were. Of a run that came to no end
-- all are, for what it summed may be neither what they were nor what they are.
changed_orders as (
    select
        orders.order_key as order_key,
        orders.order_date as order_date
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('affected_orders_before') }} as orders_before
        on orders.order_key = orders_before.order_key
    where orders_before.is_kept
        or orders.geography_key <> orders_before.geography_key
        or orders.is_first_order <> orders_before.is_first_order
),

days as (
    select
        days_before.order_date as order_date,
        days_before.event_date as event_date
    from {{ ref('affected_days_before') }} as days_before
    union
    select
        orders.order_date as order_date,
        orders.order_date as event_date
    from {{ ref('fct_orders') }} as orders
    where orders.order_key in ({{ few_keys('order_key', 'arrived_orders') }})
    union
    {{ days_of_affected(ref('taken_back'), 'arrived_orders', 'arrived_refunds') }}
    union
    select
        changed_orders.order_date as order_date,
        changed_orders.order_date as event_date
    from changed_orders
    union
    select
        taken_back.order_date as order_date,
        taken_back.event_date as event_date
    from {{ ref('taken_back') }} as taken_back
    where taken_back.order_key in ({{ few_keys('order_key', 'changed_orders') }})
    union
    select
        orders.order_date as order_date,
        orders.order_date as event_date
    from {{ ref('fct_orders') }} as orders
    where orders.geography_key in ({{ few_keys('geography_key', ref('affected_places')) }})
    union
    select
        taken_back.order_date as order_date,
        taken_back.event_date as event_date
    from {{ ref('taken_back') }} as taken_back
    where taken_back.geography_key in ({{ few_keys('geography_key', ref('affected_places')) }})
)

select
    days.order_date as order_date,
    days.event_date as event_date
from days
where {{ passes_changes_on() }}
