select
    product_name,
    location_name,
    stock_class,
    on_hand_quantity,
    reserved_quantity,
    incoming_quantity,
    mean_daily_quantity,
    days_of_cover,
    reorder_point_quantity,
    to_order_quantity,
    to_order_quantity * unit_cost as order_value_amount,
    product_key
from marts.inventory_health
where to_order_quantity > 0
order by
    stock_class = 'stock-out' desc,
    days_of_cover nulls first,
    to_order_quantity desc,
    product_key,
    location_key
limit 1000
