with

bounds as (
    select
        min(month_start_date) as first_month,
        (select max(month_start_date) from marts.product_performance_monthly) as last_month
    from marts.product_performance_monthly
    where product_key = try_cast($key as bigint)
),

months as (
    select cast(unnest(generate_series(first_month, last_month, interval 1 month)) as date) as month_start_date
    from bounds
    where first_month is not null
)

select
    months.month_start_date,
    coalesce(sold.net_sales_amount, 0) as net_sales_amount,
    coalesce(sold.quantity, 0) as quantity
from months
left join marts.product_performance_monthly as sold
    on months.month_start_date = sold.month_start_date
    and sold.product_key = try_cast($key as bigint)
order by months.month_start_date
