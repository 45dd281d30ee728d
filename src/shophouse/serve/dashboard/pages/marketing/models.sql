with

credits as (
    select
        marketing_channel,
        attribution_model,
        sum(net_sales_amount) as net_sales_amount
    from marts.attribution_comparison
    where month_start_date between $first_month and $end
    group by
        marketing_channel,
        attribution_model
)

select
    marketing_channel,
    attribution_model as model,
    net_sales_amount
from credits
order by
    max(net_sales_amount) over (partition by marketing_channel) desc,
    marketing_channel,
    list_position(
        [
            'first_any', 'first_non_direct', 'first_paid', 'last_any', 'last_non_direct', 'last_paid', 'linear',
            'position_based', 'time_decay'
        ],
        attribution_model
    ) nulls last,
    attribution_model
