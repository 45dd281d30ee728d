select
    order_count,
    net_sales_amount,
    average_order_amount,
    first_order_date,
    last_order_date,
    days_since_last_order,
    average_gap_days,
    segment
from marts.customer_360
where person_key = try_cast($key as bigint)
