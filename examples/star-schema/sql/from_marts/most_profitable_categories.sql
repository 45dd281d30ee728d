select
    category_name,
    sum(net_sales_amount) as net_sales_amount,
    sum(margin_amount) as margin_amount
from category_performance
group by category_name
order by
    margin_amount desc nulls last,
    category_name
