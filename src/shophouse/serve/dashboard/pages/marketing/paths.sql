select
    replace(replace(channel_path, '_', ' '), ' > ', ' → ') as path,
    order_count,
    cast(new_customer_count as double) / nullif(order_count, 0) as new_customer_rate,
    net_sales_amount,
    mean_days_to_order
from marts.conversion_paths
order by
    order_count desc,
    channel_path
limit 200
