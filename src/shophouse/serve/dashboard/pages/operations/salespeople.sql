select
    {salesperson} as salesperson,
    max(sales.employee_type) as employee_type,
    sum(order_count) as order_count,
    sum(net_amount) as net_amount,
    cast(sum(net_amount) / nullif(sum(order_count), 0) as decimal(18, 4)) as average_order_amount,
    cast(sum(discount_amount) as double) / nullif(sum(gross_amount), 0) as discount_rate,
    cast(sum(return_amount) as double) / nullif(sum(net_amount), 0) as return_rate
from marts.salesperson_performance as sales
left join core.dim_employee as employees
    on sales.employee_key = employees.employee_key
where month_start_date between $first_month and $end
    and sales.employee_key <> 0
group by sales.employee_key
order by
    net_amount desc,
    salesperson
