{# The key of agg_daily_revenue. Each row is a date and state that comes twice. #}
{% test one_row_per_date_and_state(model) %}
select
    revenue_date,
    state_code
from {{ model }}
group by
    revenue_date,
    state_code
having count(*) > 1
{% endtest %}
