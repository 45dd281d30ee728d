{#
  Conservation law 2: what an order carries is on its lines, to the last fraction. Each row is an amount of an order that differs.

  model    the lines, with allocated_<amount> columns
  headers  the orders, with order_<amount> columns; those without lines have nothing to be split over
  amounts  the names, such as discount_amount
#}
{% test allocated_is_whole(model, headers, amounts) %}
with

lines as (
    select
        order_key,
        {%- for amount in amounts %}
        cast(sum(allocated_{{ amount }}) as {{ type_money_sum() }}) as {{ amount }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ model }}
    group by order_key
),

compared as (
    select
        lines.order_key as order_key,
        {%- for amount in amounts %}
        lines.{{ amount }} as lines_{{ amount }},
        headers.order_{{ amount }} as order_{{ amount }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from lines
    inner join {{ headers }} as headers
        on lines.order_key = headers.order_key
    where
        {%- for amount in amounts %}
        lines.{{ amount }} <> headers.order_{{ amount }}{% if not loop.last %} or{% endif %}
        {%- endfor %}
)
{% for amount in amounts %}
select
    order_key,
    '{{ amount }}' as amount_name,
    lines_{{ amount }} as allocated_amount,
    order_{{ amount }} as order_amount
from compared
where lines_{{ amount }} <> order_{{ amount }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{% endtest %}
