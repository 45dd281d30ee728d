{#
  Conservation law 2: what an order carries is on its lines, to the last fraction. Each row is an order that differs.

  model    the lines, with allocated_<amount> columns
  headers  the orders, with order_<amount> columns
  orders   the orders with their line_count: those without lines have nothing to be split over
  amounts  the names, such as discount_amount
#}
{% test allocated_is_whole(model, headers, orders, amounts) %}
    {%- set both -%}
    select
        order_key,
        true as is_lines
        {%- for amount in amounts %},
        allocated_{{ amount }} as {{ amount }}
        {%- endfor %}
    from {{ model }}
    union all
    select
        order_key,
        false as is_lines
        {%- for amount in amounts %},
        -(order_{{ amount }}) as {{ amount }}
        {%- endfor %}
    from {{ headers }}
    where order_key not in (select empty.order_key from {{ orders }} as empty where empty.line_count = 0)
    {%- endset %}
with

differing as (
    {{- differing_buckets(both, "order_key", amounts) | indent(4) }}
)

select
    amounts.order_key as order_key
    {%- for amount in amounts %},
    cast(sum(case when amounts.is_lines then amounts.{{ amount }} else 0 end) as {{ type_money_sum() }}) as lines_{{ amount }},
    cast(-(sum(case when amounts.is_lines then 0 else amounts.{{ amount }} end)) as {{ type_money_sum() }}) as order_{{ amount }}
    {%- endfor %}
from ({{ both }}) as amounts
where {{ bucket("amounts.order_key") }} in (select differing.bucket from differing)
group by amounts.order_key
having
    {%- for amount in amounts %}
    sum(amounts.{{ amount }}) <> 0{% if not loop.last %} or{% endif %}
    {%- endfor %}
{% endtest %}
