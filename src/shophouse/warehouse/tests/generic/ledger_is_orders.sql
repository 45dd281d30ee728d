{#
  Conservation law 1: what the ledger says of an order is what its facts say. Each row is an order (0: refunds without one) that differs.

  The total of an order's rows is its total without gift cards, less its refunds; nothing is left of a cancelled order. Its
  gross is Σ quantity × unit price of its lines, without the tax that prices include. In the shop's currency likewise, in which
  what an order sums are its lines' and charges' rounded amounts.

  orders, lines, refunds, refund_items, headers  the facts
#}
{% test ledger_is_orders(model, orders, lines, refunds, refund_items, headers) %}
    {%- set amounts = ledger_and_facts(model, orders, lines, refunds, refund_items, headers) %}
with

differing as (
    {{- differing_buckets(amounts, "order_key", ["total_amount", "gross_amount"] + (["total_amount_reporting"] if has_currencies() else [])) | indent(4) }}
)

select
    amounts.order_key as order_key,
    cast(sum(case when amounts.is_ledger then amounts.total_amount else 0 end) as {{ type_money_sum() }}) as ledger_total_amount,
    cast(-(sum(case when amounts.is_ledger then 0 else amounts.total_amount end)) as {{ type_money_sum() }}) as order_total_amount,
    cast(sum(case when amounts.is_ledger then amounts.gross_amount else 0 end) as {{ type_money_sum() }}) as ledger_gross_amount,
    cast(-(sum(case when amounts.is_ledger then 0 else amounts.gross_amount end)) as {{ type_money_sum() }}) as order_gross_amount{% if has_currencies() %},
    cast(sum(case when amounts.is_ledger then amounts.total_amount_reporting else 0 end) as {{ type_money_sum() }}) as ledger_total_amount_reporting,
    cast(-(sum(case when amounts.is_ledger then 0 else amounts.total_amount_reporting end)) as {{ type_money_sum() }}) as order_total_amount_reporting{% endif %}
from ({{ amounts | indent(4) }}) as amounts
where {{ bucket("amounts.order_key") }} in (select differing.bucket from differing)
group by amounts.order_key
having sum(amounts.total_amount) <> 0
    or sum(amounts.gross_amount) <> 0
    {%- if has_currencies() %}
    or sum(amounts.total_amount_reporting) <> 0
    {%- endif %}
{% endtest %}
