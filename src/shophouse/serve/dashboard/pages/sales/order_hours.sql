select
    day_name,
    hour_of_day,
    sum(order_count) as order_count
from marts.order_hours
group by
    day_of_week,
    day_name,
    hour_of_day
order by
    day_of_week,
    hour_of_day
