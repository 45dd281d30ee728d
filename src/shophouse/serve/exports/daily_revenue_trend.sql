-- Net sales and orders of each day, beside the mean of the seven days up to it.
with

days as (
    select
        date_day,
        currency_code,
        sum(net_sales_amount) as net_sales_amount,
        sum(order_count) as order_count
    from marts.sales_daily
    group by
        date_day,
        currency_code
)

select
    date_day,
    currency_code,
    cast(net_sales_amount as decimal(18, 4)) as net_sales_amount,
    cast(order_count as bigint) as order_count,
    cast(avg(net_sales_amount) over trailing_week as decimal(18, 4)) as net_sales_trailing_7_days_amount,
    cast(sum(net_sales_amount) over month_to_date as decimal(18, 4)) as net_sales_month_to_date_amount
from days
window
    trailing_week as (
        partition by currency_code
        order by date_day
        range between interval '6' day preceding and current row
    ),
    month_to_date as (
        partition by currency_code, extract(year from date_day), extract(month from date_day)
        order by date_day
    )
order by
    currency_code,
    date_day
