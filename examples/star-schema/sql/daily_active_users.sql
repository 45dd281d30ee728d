select
    order_date,
    count(distinct user_id) as active_users
from fact_orders
where user_id <> 'unknown'
group by order_date
order by order_date
