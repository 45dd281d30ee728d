select
    count(*) filter (orders.is_valid) as orders,
    count(*) filter (not orders.is_valid) as others,
    sum(orders.net_amount_reporting) filter (orders.is_valid) as net,
    sum(orders.discount_amount_reporting) filter (orders.is_valid) as discounts,
    cast(
        sum(orders.net_amount_reporting) filter (orders.is_valid) / nullif(count(*) filter (orders.is_valid), 0)
        as decimal(18, 4)
    ) as average,
    count(*) filter (orders.is_first_order) as first_orders
from core.fct_orders as orders
left join core.dim_store as stores
    on orders.store_key = stores.store_key
left join core.dim_geography as places
    on orders.geography_key = places.geography_key
where orders.order_date = try_cast($day as date)
    and {filters}
