-- One row per day with sales or costs: net sales, and what is left of them after each kind of cost.
with

days as (
    select
        date_day,
        {%- for amount in ['gross', 'discount', 'return', 'cancellation', 'net_sales', 'shipping'] %}
        {{ amount }}_amount,
        {%- endfor %}
        {%- for line in profit_and_loss_lines() %}
        {{ line[0] }}_cost_amount,
        {%- endfor %}
        uncosted_amount
    from {{ ref('profit_and_loss_by_day') }}
)

select
    days.date_day as date_day,
    {{- profit_and_loss_columns('days') }}
from days
