-- One row per order that this run calculates again though nothing of the order itself has arrived, as it was: its account has changed, or a person's sequence
-- of orders. Of runs that came to no end all are kept until one does, for what they have built says no more what an order was. Empty in a full run.
{{ config(tags=['changes']) }}
{%- if not execute %}{% do ref('affected_orders') %}{% do ref('affected_person_orders') %}{% endif -%}
{%- set before = as_built('core', 'fct_orders') %}
{%- set unfinished = as_built('changes', 'affected_orders_before') %}

with

watermark as (
    {{ watermark() }}
),

kept as (
    {%- if unfinished %}
    select
        unfinished.order_key as order_key,
        unfinished.geography_key as geography_key,
        unfinished.is_first_order as is_first_order
    from {{ unfinished }} as unfinished
    inner join watermark
        on unfinished.load_sum = watermark.load_sum
    {%- else %}
    select
        cast(null as bigint) as order_key,
        cast(null as bigint) as geography_key,
        cast(null as boolean) as is_first_order
    where 1 = 0
    {%- endif %}
),

final as (
    select
        kept.order_key as order_key,
        kept.geography_key as geography_key,
        kept.is_first_order as is_first_order,
        1 as is_kept
    from kept
    {%- if before %}
    union all
    select
        orders_before.order_key as order_key,
        orders_before.geography_key as geography_key,
        orders_before.is_first_order as is_first_order,
        0 as is_kept
    from {{ before }} as orders_before
    left join {{ ref('affected_orders') }} as arrived_orders
        on orders_before.order_key = arrived_orders.order_key
        and arrived_orders.has_arrived
    left join kept
        on orders_before.order_key = kept.order_key
    where orders_before.order_key in ({{ few_keys('order_key', ref('affected_person_orders')) }})
        and arrived_orders.order_key is null
        and kept.order_key is null
    {%- endif %}
)

select
    final.order_key as order_key,
    final.geography_key as geography_key,
    final.is_first_order as is_first_order,
    final.is_kept = 1 as is_kept,
    watermark.load_sum as load_sum
from final
cross join watermark
where {{ passes_changes_on() }}
