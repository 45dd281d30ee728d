select
    segment,
    person_count,
    person_share_rate,
    net_sales_amount,
    net_sales_share_rate,
    net_sales_per_person_amount,
    average_order_amount
from marts.customer_segments
order by
    net_sales_amount desc,
    segment
