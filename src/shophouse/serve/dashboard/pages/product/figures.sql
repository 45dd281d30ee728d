select
    products.net_sales_amount,
    products.net_sales_rank,
    products.quantity,
    products.order_count as orders,
    classes.abc_xyz_class,
    products.margin_rate,
    products.return_rate,
    products.category_name
from marts.product_performance as products
left join marts.abc_xyz as classes
    on products.product_key = classes.product_key
where products.product_key = try_cast($key as bigint)
