-- One row per order of a person who has, or had before this run, an affected order, from the first such order on: its place in their sequence may change.
-- Of runs that came to no end all are kept until one does, for what they have built says no more whose an order was. Empty in a full run.
{{ config(tags=['changes']) }}
{#- It reads whose the orders were, too, and that is over once fct_orders, which reads this, is written. #}
{%- if not execute %}{% do ref('affected_persons_before') %}{% endif -%}
{%- set before = as_built('core', 'fct_orders') %}

with

affected_orders as (
    select order_key
    from {{ ref('affected_orders') }}
),

watermark as (
    {{ watermark() }}
),

-- Orders whose own place may change, and those that a run which was stopped had to write.
changed_orders as (
    select order_key
    from affected_orders
    {{- union_unfinished(['order_key']) }}
),

headers as (
    select
        order_key,
        person_key,
        ordered_at
    from {{ ref('order_headers') }}
),

places as (
    select
        headers.person_key as person_key,
        headers.ordered_at as ordered_at
    from headers
    inner join changed_orders
        on headers.order_key = changed_orders.order_key
    {%- if before %}
    union all
    select
        orders_before.person_key as person_key,
        orders_before.ordered_at as ordered_at
    from {{ before }} as orders_before
    inner join changed_orders
        on orders_before.order_key = changed_orders.order_key
    {%- endif %}
),

first_places as (
    select
        places.person_key as person_key,
        min(places.ordered_at) as ordered_at
    from places
    group by places.person_key
),

final as (
    select changed_orders.order_key as order_key
    from changed_orders
    union
    select headers.order_key as order_key
    from headers
    inner join first_places
        on headers.person_key = first_places.person_key
        and headers.ordered_at >= first_places.ordered_at
)

select
    final.order_key as order_key,
    watermark.load_sum as load_sum
from final
cross join watermark
where {{ passes_changes_on() }}
