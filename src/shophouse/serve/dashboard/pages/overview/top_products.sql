select
    product_name,
    sum(net_sales_amount) as net_sales_amount,
    product_key
from marts.product_performance_monthly
where month_start_date between $first_month and $end
    and {filters}
group by
    product_key,
    product_name
order by
    net_sales_amount desc,
    product_key
limit 8
