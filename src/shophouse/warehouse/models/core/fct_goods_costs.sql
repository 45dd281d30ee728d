-- One row per event that moves the cost of goods: a line's sale, its cancellation, and a refunded line that goes back to the shelf.
-- Goods of a cancelled order never left, and restocked ones are there to be sold again. Additive, by event_date.
{{ config(materialized='view', meta={'affected': 'affected_orders', 'affected_key': 'order_key'}) }}

with

lines as (
    select
        order_key,
        line_number,
        product_key,
        order_date,
        net_amount,
        {{ line_net_in_reporting() }} as net_amount_reporting,
        cost_amount,
        cost_amount_reporting,
        currency_code,
        is_cancelled
    from {{ ref('fct_order_items') }}
    where is_sale
),

-- Apart, for what is read twice is kept whole.
costed_lines as (
    select
        order_key,
        line_number,
        product_key,
        quantity,
        cost_amount,
        cost_amount_reporting,
        currency_code
    from {{ ref('fct_order_items') }}
    where is_sale
        and cost_amount is not null
),

cancelled_lines as (
    select
        order_key,
        line_number,
        product_key,
        cost_amount,
        cost_amount_reporting,
        currency_code
    from {{ ref('fct_order_items') }}
    where is_sale
        and is_cancelled
        and cost_amount is not null
),

orders as (
    select
        order_key,
        cancelled_date
    from {{ ref('fct_orders') }}
    where is_cancelled
        and is_sale
),

refund_items as (
    select
        refund_item_key,
        order_key,
        line_number,
        refunded_date,
        quantity
    from {{ ref('fct_refund_items') }}
    where is_sale
        and is_restocked
        and not is_cancelled
)

select
    'sale' as event_kind,
    lines.order_key as order_key,
    lines.line_number as line_number,
    {{ unknown_key() }} as refund_item_key,
    lines.product_key as product_key,
    lines.order_date as event_date,
    cast(coalesce(lines.cost_amount, 0) as {{ type_money() }}) as cost_amount,
    cast(case when lines.cost_amount is null and not lines.is_cancelled then lines.net_amount else 0 end as {{ type_money() }}) as uncosted_amount,
    lines.currency_code as currency_code,
    cast(coalesce(lines.cost_amount_reporting, 0) as {{ type_money() }}) as cost_amount_reporting,
    cast(
        case when lines.cost_amount is null and not lines.is_cancelled then lines.net_amount_reporting else 0 end as {{ type_money() }}
    ) as uncosted_amount_reporting
from lines
union all
select
    'cancellation' as event_kind,
    cancelled_lines.order_key as order_key,
    cancelled_lines.line_number as line_number,
    {{ unknown_key() }} as refund_item_key,
    cancelled_lines.product_key as product_key,
    orders.cancelled_date as event_date,
    cast(-cancelled_lines.cost_amount as {{ type_money() }}) as cost_amount,
    cast(0 as {{ type_money() }}) as uncosted_amount,
    cancelled_lines.currency_code as currency_code,
    cast(-cancelled_lines.cost_amount_reporting as {{ type_money() }}) as cost_amount_reporting,
    cast(0 as {{ type_money() }}) as uncosted_amount_reporting
from cancelled_lines
inner join orders
    on cancelled_lines.order_key = orders.order_key
union all
select
    'restock' as event_kind,
    costed_lines.order_key as order_key,
    costed_lines.line_number as line_number,
    refund_items.refund_item_key as refund_item_key,
    costed_lines.product_key as product_key,
    refund_items.refunded_date as event_date,
    cast(-({{ money_per('costed_lines.cost_amount * refund_items.quantity', 'costed_lines.quantity') }}) as {{ type_money() }}) as cost_amount,
    cast(0 as {{ type_money() }}) as uncosted_amount,
    costed_lines.currency_code as currency_code,
    cast(-({{ money_per('costed_lines.cost_amount_reporting * refund_items.quantity', 'costed_lines.quantity') }}) as {{ type_money() }}) as cost_amount_reporting,
    cast(0 as {{ type_money() }}) as uncosted_amount_reporting
from refund_items
inner join costed_lines
    on refund_items.order_key = costed_lines.order_key
    and refund_items.line_number = costed_lines.line_number
where costed_lines.quantity <> 0
