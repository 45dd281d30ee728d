select
    cast(person_key as varchar) as person,
    first_order_date,
    last_order_date,
    order_count as orders,
    net_sales_amount as net_sales,
    average_order_amount as average_order,
    segment,
    first_channel,
    first_country_code,
    top_category_name
from marts.customer_360
where ($segment is not null or $cohort is not null)
    and ($segment is null or segment = $segment)
    and ($cohort is null or cohort_month = try_cast($cohort as date))
    and {filters}
order by
    net_sales_amount desc,
    person_key
limit 1000
