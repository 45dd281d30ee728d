select
    max(employee_name) as employee_name,
    max(employee_type) as employee_type,
    sum(order_count) as order_count,
    sum(net_amount) as net_amount,
    cast(sum(net_amount) / nullif(sum(order_count), 0) as decimal(18, 4)) as average_order_amount,
    cast(sum(discount_amount) as double) / nullif(sum(gross_amount), 0) as discount_rate,
    cast(sum(return_amount) as double) / nullif(sum(net_amount), 0) as return_rate
from marts.salesperson_performance
where month_start_date between $first_month and $end
    and employee_key <> 0
group by employee_key
order by
    net_amount desc,
    employee_name
