select
    store_name,
    sum(order_count) as order_count,
    sum(net_sales_amount) as net_sales_amount,
    cast(sum(net_sales_amount) as double) / nullif(sum(sum(net_sales_amount)) over (), 0) as net_sales_share_rate,
    cast(sum(net_sales_amount) / nullif(sum(order_count), 0) as decimal(18, 4)) as average_order_amount,
    cast(sum(return_amount) as double) / nullif(sum(gross_amount - discount_amount), 0) as return_rate
from marts.store_performance
where month_start_date between $first_month and $end
group by
    store_key,
    store_name
order by
    net_sales_amount desc,
    store_name
