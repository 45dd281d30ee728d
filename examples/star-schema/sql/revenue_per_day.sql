select
    order_date,
    sum(revenue) as revenue
from fact_orders
group by order_date
order by order_date
