with

summed as (
    select
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(return_amount) as return_amount,
        sum(cancellation_amount) as cancellation_amount,
        sum(net_sales_amount) as net_sales_amount
    from marts.sales_daily
    where date_day between $start and $end
        and {filters}
),

steps as (
    select 1 as place, 'Gross sales' as step, gross_amount as amount, true as is_total from summed
    union all
    select 2, 'Discounts', -discount_amount, false from summed
    union all
    select 3, 'Returns', -return_amount, false from summed
    union all
    select 4, 'Cancellations', -cancellation_amount, false from summed
    union all
    select 5, 'Net sales', net_sales_amount, true from summed
)

select
    step,
    amount,
    is_total
from steps
where is_total
    or amount <> 0
order by place
