with

months as (
    select
        cast(date_trunc('month', target_date) as date) as month_start_date,
        sum(day_target_value) as target_value
    from core.fct_targets_daily
    where target_metric = 'net_sales_amount'
        and is_of_the_day
    group by 1
),

sales as (
    select
        cast(date_trunc('month', date_day) as date) as month_start_date,
        sum(net_sales_amount) as actual_value
    from marts.executive_daily
    group by 1
),

newest as (
    select
        months.month_start_date,
        sales.actual_value,
        months.target_value
    from months
    inner join sales
        on months.month_start_date = sales.month_start_date
    order by months.month_start_date desc
    limit 12
)

select
    month_start_date,
    actual_value,
    target_value
from newest
order by month_start_date
