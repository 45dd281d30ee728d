{#
  Money of another currency than the shop's has a rate into it: without one it would be missing in every sum. Each row is a
  currency of which that isn't so, with its days, how many rows and how much money.

  currency, day, amount, converted  columns
  of_where  which rows are meant
#}
{% test has_rates(model, currency, day, amount, converted, of_where="1 = 1") %}
select
    {{ currency }} as currency_code,
    min({{ day }}) as first_day,
    max({{ day }}) as last_day,
    cast(count(*) as bigint) as row_count,
    {{ sum_money(amount) }} as amount,
    'no rate within 7 days before: add ' || {{ currency }} || ' to ' || {{ shop_currency() }} || ' in exchange_rates from the first day on' as problem
from {{ model }}
where {{ converted }} is null
    and {{ amount }} is not null
    and {{ of_where }}
group by {{ currency }}
{% endtest %}
