-- One row per date and state, for dashboards.
with

days as (
    select
        date_day,
        state_code,
        order_count,
        gross_amount,
        net_sales_amount,
        shipping_amount
    from {{ ref('daily_revenue_by_state') }}
),

summed as (
    select
        days.date_day as revenue_date,
        days.state_code as state_code,
        cast(sum(days.order_count) as bigint) as order_count,
        cast(sum(days.gross_amount) as decimal(28, 4)) as gross_revenue,
        cast(sum(days.net_sales_amount) as decimal(28, 4)) as revenue,
        cast(sum(days.shipping_amount) as decimal(28, 4)) as freight_amount
    from days
    group by
        days.date_day,
        days.state_code
)

select
    summed.revenue_date as revenue_date,
    summed.state_code as state_code,
    summed.order_count as order_count,
    summed.gross_revenue as gross_revenue,
    summed.revenue as revenue,
    summed.freight_amount as freight_amount,
    cast(round(summed.revenue / nullif(summed.order_count, 0), 4) as decimal(18, 4)) as average_order_value
from summed
