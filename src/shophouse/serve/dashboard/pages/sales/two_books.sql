select
    cast(date_trunc('month', date_day) as date) as month_start_date,
    sum(net_sales_by_event_amount) as by_event_amount,
    sum(net_sales_by_order_amount) as by_order_amount,
    sum(difference_amount) as difference_amount
from marts.sales_books_bridge
where date_day between $year_start and $last_month
group by 1
order by 1
