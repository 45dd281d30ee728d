-- One row per month: the figures that the shop is steered by.
with

months as (
    select
        month_start_date,
        order_count,
        new_customer_count,
        returning_order_count,
        gross_amount,
        discount_amount,
        return_amount,
        net_sales_amount
    from {{ ref('sales_monthly') }}
),

summed as (
    select
        months.month_start_date as month_start_date,
        cast(sum(months.order_count) as bigint) as order_count,
        cast(sum(months.new_customer_count) as bigint) as new_customer_count,
        cast(sum(months.returning_order_count) as bigint) as returning_order_count,
        {{ total('months.gross_amount') }} as gross_amount,
        {{ total('months.discount_amount') }} as discount_amount,
        {{ total('months.return_amount') }} as return_amount,
        {{ total('months.net_sales_amount') }} as net_sales_amount
    from months
    group by months.month_start_date
)

select
    summed.month_start_date as month_start_date,
    summed.order_count as order_count,
    summed.new_customer_count as new_customer_count,
    summed.net_sales_amount as net_sales_amount,
    {{ per('summed.net_sales_amount', 'summed.order_count') }} as average_order_amount,
    {{ share_of('summed.returning_order_count', 'summed.order_count') }} as returning_order_rate,
    {{ share_of('summed.discount_amount', 'summed.gross_amount') }} as discount_rate,
    {{ share_of('summed.return_amount', 'summed.gross_amount') }} as return_rate
from summed
