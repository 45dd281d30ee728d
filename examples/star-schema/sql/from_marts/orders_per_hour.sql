select
    hour_of_day,
    sum(order_count) as orders
from order_hours
group by hour_of_day
order by hour_of_day
