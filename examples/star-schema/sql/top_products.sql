select
    dim_products.product_id,
    dim_products.product_name,
    sum(fact_orders.quantity) as quantity,
    sum(fact_orders.revenue) as revenue
from fact_orders
inner join dim_products
    on fact_orders.product_id = dim_products.product_id
group by
    dim_products.product_id,
    dim_products.product_name
order by
    revenue desc,
    dim_products.product_id
limit 10
