select
    orders.order_id,
    orders.order_date as placed,
    orders.order_status,
    orders.invalid_reason as not_valid,
    orders.channel,
    orders.item_count as items,
    orders.net_amount_reporting as net,
    orders.refund_product_amount_reporting as returned,
    orders.total_amount_reporting as total,
    orders.discount_code
from core.fct_orders as orders
where orders.person_key = try_cast($key as bigint)
    and orders.person_key <> 0
order by
    orders.ordered_at desc,
    orders.order_key
limit 1000
