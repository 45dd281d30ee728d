-- One row per pair of days, that of an order and that on which its money moved, of which an order or refund that has arrived had any before this run:
-- either may be on another day now, or gone. Of runs that came to no end all are kept until one does, for what they have built says no more which days these were.
-- Empty in a full run.
{{ config(tags=['changes']) }}
{%- set orders = as_built('core', 'fct_orders') %}
{%- set taken_back = as_built('aggregates', 'taken_back') %}

with

watermark as (
    {{ watermark() }}
),

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

days as (
    select
        cast(null as date) as order_date,
        cast(null as date) as event_date
    where 1 = 0
    {%- if orders %}
    union
    select
        orders_before.order_date as order_date,
        orders_before.order_date as event_date
    from {{ orders }} as orders_before
    where orders_before.order_key in ({{ few_keys('order_key', 'arrived_orders') }})
    {%- endif %}
    {%- if taken_back %}
    union
    {{ days_of_affected(taken_back, 'arrived_orders', 'arrived_refunds') }}
    {%- endif %}
    {{- union_unfinished(['order_date', 'event_date']) }}
)

select
    days.order_date as order_date,
    days.event_date as event_date,
    watermark.load_sum as load_sum
from days
cross join watermark
where {{ passes_changes_on() }}
