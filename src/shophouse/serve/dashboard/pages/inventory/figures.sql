select
    count(*) filter (stock_class in ('reorder', 'stock-out')) as to_reorder,
    sum(to_order_quantity * unit_cost) as order_value_amount,
    count(*) filter (stock_class = 'stock-out') as sold_out,
    sum(lost_sales_amount) as lost_sales_amount,
    median(days_of_cover) filter (on_hand_quantity > 0) as median_cover,
    sum(stock_value_amount) filter (stock_class = 'dead') as dead_amount,
    sum(excess_quantity * unit_cost) filter (stock_class = 'overstock') as excess_amount,
    count(*) filter (unit_cost is null and on_hand_quantity > 0) as without_cost
from marts.inventory_health
