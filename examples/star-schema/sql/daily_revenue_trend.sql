select
    dim_date.date_day,
    coalesce(sum(fact_orders.revenue), 0) as revenue,
    avg(coalesce(sum(fact_orders.revenue), 0)) over (
        order by dim_date.date_day
        rows between 6 preceding and current row
    ) as revenue_7_day_average
from dim_date
left join fact_orders
    on dim_date.date_day = fact_orders.order_date
where dim_date.date_day between (select min(order_date) from fact_orders) and (select max(order_date) from fact_orders)
group by dim_date.date_day
order by dim_date.date_day
