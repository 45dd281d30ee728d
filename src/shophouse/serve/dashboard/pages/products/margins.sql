select
    max(product_name) as product_name,
    sum(net_sales_amount) as net_sales_amount,
    cast(sum(margin_amount) as double) / sum(net_sales_amount) as margin_rate,
    product_key
from marts.product_performance_monthly
where month_start_date between $first_month and $end
    and {filters}
group by product_key
having sum(net_sales_amount) > 0
    and sum(margin_amount) is not null
order by
    net_sales_amount desc,
    product_key
limit 200
