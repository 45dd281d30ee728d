-- One row per pair of days, that of an order and that on which its money moved, of whose sums this run may change any. Empty in a full run.
{{ config(tags=['changes']) }}
{%- if not execute %}{% do ref('affected_orders') %}{% do ref('affected_person_orders') %}{% do ref('affected_refunds') %}{% do ref('affected_places') %}{% endif -%}

with

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
    where orders.order_key in ({{ few_keys('order_key', ref('affected_person_orders')) }})
    union
    {{ days_of_affected(ref('taken_back')) }}
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
