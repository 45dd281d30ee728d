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
)

select 'Gross sales' as step, gross_amount as amount, true as is_total from summed
union all
select 'Discounts', -discount_amount, false from summed
union all
select 'Returns', -return_amount, false from summed
union all
select 'Cancellations', -cancellation_amount, false from summed
union all
select 'Net sales', net_sales_amount, true from summed
