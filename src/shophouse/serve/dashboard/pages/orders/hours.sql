with

placed as (
    select
        extract(hour from orders.ordered_at_local) as hour_of_day,
        count(*) as order_count
    from core.fct_orders as orders
    left join core.dim_store as stores
        on orders.store_key = stores.store_key
    left join core.dim_geography as places
        on orders.geography_key = places.geography_key
    where orders.order_date = try_cast($day as date)
        and {filters}
    group by extract(hour from orders.ordered_at_local)
)

select
    cast(hours.hour_of_day as varchar) as hour_of_day,
    coalesce(placed.order_count, 0) as order_count
from range(24) as hours (hour_of_day)
left join placed
    on hours.hour_of_day = placed.hour_of_day
order by hours.hour_of_day
