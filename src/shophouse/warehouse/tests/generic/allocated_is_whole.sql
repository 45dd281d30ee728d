{#
  Conservation law 2: what an order carries is on its lines, to the last fraction. Each row is an order that differs; null, in an incremental run,
  which looks at the orders of which it wrote a row: all orders together.

  model    the lines, with allocated_<amount> columns
  headers  the orders, with order_<amount> columns
  orders   the orders with their line_count: those without lines have nothing to be split over
  amounts  the names, such as discount_amount
#}
{% test allocated_is_whole(model, headers, orders, amounts) %}
    {%- set written = shophouse.written_keys([model, headers, orders], "order_key") %}
    {%- set both = lines_and_headers(model, headers, orders, amounts) -%}
    {%- set sums -%}
        {%- for amount in amounts %},
    cast(sum(case when amounts.is_lines then amounts.{{ amount }} else 0 end) as {{ type_money_sum() }}) as lines_{{ amount }},
    cast(sum(case when amounts.is_lines then amounts.{{ amount }} else 0 end) - sum(amounts.{{ amount }}) as {{ type_money_sum() }}) as order_{{ amount }}
        {%- endfor %}
    {%- endset -%}
    {%- set differ -%}
        {%- for amount in amounts %}
    sum(amounts.{{ amount }}) <> 0{% if not loop.last %} or{% endif %}
        {%- endfor %}
    {%- endset %}
    {%- if written is none %}
with

differing as (
    {{- differing_buckets(both, "order_key", amounts) | indent(4) }}
)

select
    amounts.order_key as order_key{{ sums }}
from ({{ both }}) as amounts
where {{ bucket("amounts.order_key") }} in (select differing.bucket from differing)
group by amounts.order_key
having {{ differ }}
    {%- else %}
select
    amounts.order_key as order_key{{ sums }}
from ({{ lines_and_headers(model, headers, orders, amounts, written) }}) as amounts
group by amounts.order_key
having {{ differ }}
union all
select
    cast(null as bigint) as order_key{{ sums }}
from ({{ both }}) as amounts
having {{ differ }}
    {%- endif %}
{% endtest %}
