select
    dim_date.month_start_date,
    count(distinct fact_orders.order_id) as orders,
    sum(fact_orders.revenue) as revenue,
    round(sum(fact_orders.revenue) / count(distinct fact_orders.order_id), 2) as average_order_value
from fact_orders
inner join dim_date
    on fact_orders.order_date = dim_date.date_day
group by dim_date.month_start_date
order by dim_date.month_start_date
