select
    order_date,
    count(distinct order_id) as orders
from fact_orders
group by order_date
order by order_date
