select
    product_name,
    location_name,
    stock_out_day_count,
    lost_sales_amount,
    lost_sales_low_amount,
    lost_sales_high_amount,
    product_key
from marts.inventory_health
where lost_sales_amount > 0
order by
    lost_sales_amount desc,
    product_key,
    location_key
limit 1000
