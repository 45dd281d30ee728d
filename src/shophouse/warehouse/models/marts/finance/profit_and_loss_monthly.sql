-- One row per month with sales or costs: net sales, and what is left of them after each kind of cost.
with

months as (
    select
        {{ date_trunc_date('month', 'date_day') }} as month_start_date,
        {%- for amount in ['gross', 'discount', 'return', 'cancellation', 'net_sales', 'shipping'] %}
        {{ sum_money(amount ~ '_amount') }} as {{ amount }}_amount,
        {%- endfor %}
        {%- for line in profit_and_loss_lines() %}
        {{ sum_money(line[0] ~ '_cost_amount') }} as {{ line[0] }}_cost_amount,
        {%- endfor %}
        {{ sum_money('uncosted_amount') }} as uncosted_amount
    from {{ ref('profit_and_loss_by_day') }}
    group by {{ date_trunc_date('month', 'date_day') }}
)

select
    months.month_start_date as month_start_date,
    {{- profit_and_loss_columns('months') }}
from months
