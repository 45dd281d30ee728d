with

placed as (
    select
        cast(date_trunc('month', order_date) as date) as month_start_date,
        sum(net_amount_reporting) as net
    from core.fct_orders
    where person_key = try_cast($key as bigint)
        and person_key <> 0
        and is_valid
    group by 1
),

bounds as (
    select
        min(month_start_date) as first_month,
        max(month_start_date) as last_month
    from placed
),

months as (
    select cast(unnest(generate_series(first_month, last_month, interval 1 month)) as date) as month_start_date
    from bounds
    where first_month is not null
)

select
    months.month_start_date,
    coalesce(placed.net, 0) as net
from months
left join placed
    on months.month_start_date = placed.month_start_date
order by months.month_start_date
