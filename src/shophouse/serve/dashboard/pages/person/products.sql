select
    products.product_name,
    sum(lines.gross_amount_reporting - lines.discount_amount_reporting) as net_amount,
    products.product_key
from core.fct_orders as orders
inner join core.fct_order_items_as_sold as lines
    on orders.order_key = lines.order_key
inner join core.dim_product as products
    on lines.product_key = products.product_key
where orders.person_key = try_cast($key as bigint)
    and orders.person_key <> 0
    and orders.is_valid
group by
    products.product_key,
    products.product_name
order by
    net_amount desc,
    products.product_key
limit 8
