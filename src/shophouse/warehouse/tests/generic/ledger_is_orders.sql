{#
  Conservation law 1: what the ledger says of an order is what its facts say. Each row is an order (0: refunds without one) that differs;
  null, in an incremental run: all orders together of which that run wrote no row.

  The total of an order's rows is its total without gift cards, less its refunds; nothing is left of a cancelled order. Its
  gross is Σ quantity × unit price of its lines, without the tax that prices include. In the shop's currency likewise, in which
  what an order sums are its lines' and charges' rounded amounts.

  Rows of an order that no row was written of were proved before: they are summed together, so that one that is lost or doubled is seen.

  orders, lines, refunds, refund_items, headers  the facts
#}
{% test ledger_is_orders(model, orders, lines, refunds, refund_items, headers) %}
    {%- set amounts = ["total_amount", "gross_amount"] + (["total_amount_reporting"] if has_currencies() else []) %}
    {%- set rows = ledger_and_facts(model, orders, lines, refunds, refund_items, headers) %}
    {%- set written = shophouse.written_keys([orders, lines, refunds, refund_items, headers], "order_key") %}
select
    amounts.order_key as order_key
    {%- for amount in amounts %},
    cast(sum(case when amounts.is_ledger then amounts.{{ amount }} else 0 end) as {{ type_money_sum() }}) as ledger_{{ amount }},
    cast(sum(case when amounts.is_ledger then amounts.{{ amount }} else 0 end) - sum(amounts.{{ amount }}) as {{ type_money_sum() }}) as order_{{ amount }}
    {%- endfor %}
from (
    select
        {% if written is none %}sides.order_key{% else %}case when sides.order_key in ({{ written }}) then sides.order_key end{% endif %} as order_key,
        sides.is_ledger as is_ledger
        {%- for amount in amounts %},
        sides.{{ amount }} as {{ amount }}
        {%- endfor %}
    from ({{ rows | indent(4) }}) as sides
    {%- if written is none %}
    where {{ bucket("sides.order_key") }} in (
            select differing.bucket
            from ({{ differing_buckets(rows, "order_key", amounts) | indent(4) }}) as differing
        )
    {%- endif %}
) as amounts
group by amounts.order_key
having
    {%- for amount in amounts %}
    sum(amounts.{{ amount }}) <> 0{% if not loop.last %} or{% endif %}
    {%- endfor %}
{% endtest %}
