select
    count(*) as person_count,
    sum(order_count) as valid_order_count,
    sum(net_sales_amount) as net_sales_amount,
    count(*) filter (is_repeat) / nullif(count(*), 0) as repeat_rate,
    cast(sum(net_sales_amount) / nullif(count(*), 0) as decimal(18, 4)) as net_sales_per_person_amount,
    median(days_since_last_order) as days_since_last_order
from marts.customer_360
where ($segment is not null or $cohort is not null)
    and ($segment is null or segment = $segment)
    and ($cohort is null or cohort_month = try_cast($cohort as date))
    and {filters}
