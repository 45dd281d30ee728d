{#
  Conservation law 1: what the ledger says of an order is what its facts say. Each row is an order (0: refunds without one) that differs.

  The total of an order's rows is its total without gift cards, less its refunds; nothing is left of a cancelled order. Its
  gross is Σ quantity × unit price of its lines, without the tax that prices include.

  orders, lines, refunds, refund_items, headers  the facts
#}
{% test ledger_is_orders(model, orders, lines, refunds, refund_items, headers) %}
with

amounts as (
    select
        ledger.order_key as order_key,
        ledger.total_sales_amount as ledger_total,
        ledger.gross_amount as ledger_gross,
        0 as fact_total,
        0 as fact_gross
    from {{ model }} as ledger
    union all
    select
        orders.order_key as order_key,
        0 as ledger_total,
        0 as ledger_gross,
        case when orders.is_cancelled then 0 else orders.total_amount - orders.refund_amount end as fact_total,
        0 as fact_gross
    from {{ orders }} as orders
    where orders.is_sale
    union all
    select
        lines.order_key as order_key,
        0 as ledger_total,
        0 as ledger_gross,
        0 as fact_total,
        cast(lines.quantity * lines.unit_price as {{ type_money() }}) as fact_gross
    from {{ lines }} as lines
    where lines.is_sale
    union all
    select
        lines.order_key as order_key,
        0 as ledger_total,
        0 as ledger_gross,
        0 as fact_total,
        -lines.tax_amount as fact_gross
    from {{ lines }} as lines
    where lines.is_sale
        and lines.order_key in (select headers.order_key from {{ headers }} as headers where headers.has_taxes_included)
    union all
    select
        lines.order_key as order_key,
        0 as ledger_total,
        0 as ledger_gross,
        -(lines.net_amount + lines.shipping_amount + lines.tax_amount) as fact_total,
        0 as fact_gross
    from {{ lines }} as lines
    where lines.is_gift_card
        and not lines.is_cancelled
        and lines.order_key in (select orders.order_key from {{ orders }} as orders where orders.is_sale)
    union all
    select
        refunds.order_key as order_key,
        0 as ledger_total,
        0 as ledger_gross,
        -(refunds.refund_amount) as fact_total,
        0 as fact_gross
    from {{ refunds }} as refunds
    where not refunds.has_order
    union all
    select
        refunds.order_key as order_key,
        0 as ledger_total,
        0 as ledger_gross,
        refund_items.refund_amount as fact_total,
        0 as fact_gross
    from {{ refund_items }} as refund_items
    inner join {{ refunds }} as refunds
        on refund_items.refund_key = refunds.refund_key
    where refunds.is_sale
        and not refunds.is_cancelled
        and not refund_items.is_sale
)

select
    amounts.order_key as order_key,
    cast(sum(amounts.ledger_total) as {{ type_money_sum() }}) as ledger_total_amount,
    cast(sum(amounts.fact_total) as {{ type_money_sum() }}) as order_total_amount,
    cast(sum(amounts.ledger_gross) as {{ type_money_sum() }}) as ledger_gross_amount,
    cast(sum(amounts.fact_gross) as {{ type_money_sum() }}) as order_gross_amount
from amounts
group by amounts.order_key
having sum(amounts.ledger_total) <> sum(amounts.fact_total)
    or sum(amounts.ledger_gross) <> sum(amounts.fact_gross)
{% endtest %}
