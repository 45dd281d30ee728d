-- The ten products with the highest net sales of all time.
select
    net_sales_rank,
    product_id,
    product_name,
    category_name,
    currency_code,
    order_count,
    quantity,
    gross_amount,
    net_sales_amount,
    net_sales_share_rate
from marts.top_products
where period = 'all time'
    and net_sales_rank <= 10
order by
    net_sales_rank,
    product_id
