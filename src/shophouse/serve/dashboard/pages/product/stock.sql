select
    location_name,
    stock_class,
    on_hand_quantity,
    incoming_quantity,
    mean_daily_quantity,
    days_of_cover,
    to_order_quantity,
    stock_out_rate
from marts.inventory_health
where product_key = try_cast($key as bigint)
order by
    on_hand_quantity desc,
    location_name
