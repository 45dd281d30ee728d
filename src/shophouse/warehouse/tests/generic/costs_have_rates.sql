{#
  What a product costs in another currency than the shop's has a rate into it: without one its margin would be all of its sales.
  Each row is a currency of which that isn't so, with its days, how many rows and how much cost.

  day, quantity, cost  columns; cost is in the shop's currency
  products  with product_key, unit_cost and currency_code
#}
{% test costs_have_rates(model, day, quantity, cost, products) %}
select
    products.currency_code as currency_code,
    min(costed.{{ day }}) as first_day,
    max(costed.{{ day }}) as last_day,
    cast(count(*) as bigint) as row_count,
    cast(sum(costed.{{ quantity }} * products.unit_cost) as decimal(38, 4)) as amount,
    'no rate within 7 days before: add ' || products.currency_code || ' to ' || {{ shop_currency() }} || ' in exchange_rates from the first day on' as problem
from {{ model }} as costed
inner join {{ products }} as products
    on costed.product_key = products.product_key
where products.unit_cost is not null
    and products.currency_code <> {{ shop_currency() }}
    {%- if has_product_currencies() %}
    and costed.{{ cost }} is null
    {%- endif %}
group by products.currency_code
{% endtest %}
