-- One row per day on which either book has sales: net sales by the day on which money moved, by the day of the order, and what lies between.
-- A return of this week takes back a sale of last week: the running difference closes to 0 on the last day.
with

by_event as (
    select
        event_date,
        net_sales_amount
    from {{ ref('sales_by_day') }}
),

by_order as (
    select
        order_date,
        net_sales_amount
    from {{ ref('sales_by_order_day') }}
),

stacked as (
    select
        by_event.event_date as date_day,
        by_event.net_sales_amount as event_amount,
        cast(0 as {{ type_money_sum() }}) as order_amount
    from by_event
    union all
    select
        by_order.order_date as date_day,
        cast(0 as {{ type_money_sum() }}) as event_amount,
        by_order.net_sales_amount as order_amount
    from by_order
),

summed as (
    select
        stacked.date_day as date_day,
        {{ sum_money('stacked.event_amount') }} as event_amount,
        {{ sum_money('stacked.order_amount') }} as order_amount
    from stacked
    group by stacked.date_day
),

final as (
    select
        summed.date_day as date_day,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        summed.event_amount as net_sales_by_event_amount,
        summed.order_amount as net_sales_by_order_amount,
        cast(summed.event_amount - summed.order_amount as {{ type_money_sum() }}) as difference_amount,
        cast(
            sum(summed.event_amount - summed.order_amount) over (
                order by summed.date_day
                rows between unbounded preceding and current row
            ) as {{ type_money_sum() }}
        ) as running_difference_amount
    from summed
)

select
    date_day,
    currency_code,
    net_sales_by_event_amount,
    net_sales_by_order_amount,
    difference_amount,
    running_difference_amount
from final
