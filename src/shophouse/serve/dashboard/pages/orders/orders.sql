select
    orders.order_id,
    strftime(orders.ordered_at_local, '%H:%M') as placed,
    orders.order_status,
    orders.invalid_reason as not_valid,
    stores.store_name,
    orders.channel,
    places.country_code,
    orders.item_count as items,
    orders.gross_amount_reporting as gross,
    orders.discount_amount_reporting as discounts,
    orders.net_amount_reporting as net,
    orders.shipping_amount_reporting as shipping,
    orders.total_amount_reporting as total,
    orders.discount_code
from core.fct_orders as orders
left join core.dim_store as stores
    on orders.store_key = stores.store_key
left join core.dim_geography as places
    on orders.geography_key = places.geography_key
where orders.order_date = try_cast($day as date)
    and {filters}
order by
    orders.ordered_at_local,
    orders.order_key
limit 5000
