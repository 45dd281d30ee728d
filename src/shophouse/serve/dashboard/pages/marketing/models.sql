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
    case attribution_model
        when 'first_any' then 1
        when 'first_non_direct' then 2
        when 'first_paid' then 3
        when 'last_any' then 4
        when 'last_non_direct' then 5
        when 'last_paid' then 6
        when 'linear' then 7
        when 'position_based' then 8
        when 'time_decay' then 9
    end nulls last,
    attribution_model
