-- Net sales and orders of each day, without gaps, beside the seven days up to it, the month so far, and a year ago.
select
    date_day,
    currency_code,
    net_sales_amount,
    order_count,
    trailing_7_days_net_sales_amount,
    month_to_date_net_sales_amount,
    year_ago_net_sales_amount,
    year_ago_growth_rate
from marts.executive_daily
order by
    currency_code,
    date_day
