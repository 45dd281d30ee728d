{#
  Costs of a month are in the profit and loss once, whatever else a day has. Each row is a line of it, fed by such rules alone,
  that sums to something else.

  costs  the cost rules by day
  lines  the lines that nothing but cost rules feeds
#}
{% test fixed_costs_are_whole(model, costs, lines) %}
with

rules as (
    select
        profit_and_loss_line,
        cast(sum(case when basis = 'period' then 0 else 1 end) as bigint) as other_count,
        {{ sum_money("period_amount") }} as period_amount
    from {{ costs }}
    group by profit_and_loss_line
),

reported as (
    {%- for line in lines %}
    select
        '{{ line }}' as profit_and_loss_line,
        {{ sum_money(line ~ "_cost_amount") }} as reported_amount
    from {{ model }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    reported.profit_and_loss_line as profit_and_loss_line,
    reported.reported_amount as reported_amount,
    coalesce(rules.period_amount, 0) as expected_amount
from reported
left join rules
    on reported.profit_and_loss_line = rules.profit_and_loss_line
where coalesce(rules.other_count, 0) = 0
    and coalesce(reported.reported_amount, 0) <> coalesce(rules.period_amount, 0)
{% endtest %}
