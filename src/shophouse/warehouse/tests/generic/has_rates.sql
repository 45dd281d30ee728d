{#
  Money of another currency than the shop's has a rate into it: without one it would be missing in every sum. Each row is a
  currency of which that isn't so, with the days.

  currency, day, amount, converted  columns
#}
{% test has_rates(model, currency, day, amount, converted) %}
select
    {{ currency }} as currency_code,
    min({{ day }}) as first_day,
    max({{ day }}) as last_day,
    cast(count(*) as bigint) as row_count,
    {{ sum_money(amount) }} as amount
from {{ model }}
where {{ converted }} is null
    and {{ amount }} is not null
group by {{ currency }}
{% endtest %}
