-- One row per weekday and hour of the store's local time, hours without orders too: valid orders by when they were placed.
with

orders as (
    select
        ordered_at_local,
        order_date,
        item_count,
        net_amount_reporting as net_amount
    from {{ ref('fct_orders') }}
    where is_valid
),

calendar as (
    select
        date_day,
        day_of_week,
        day_name
    from {{ ref('dim_date') }}
),

hours as (
    select
        hour_of_day,
        day_part
    from {{ ref('dim_time') }}
    where minute_of_hour = 0
),

weekdays as (
    select distinct
        day_of_week,
        day_name
    from calendar
),

placed as (
    select
        {{ iso_dow('orders.order_date') }} as day_of_week,
        cast(extract(hour from orders.ordered_at_local) as integer) as hour_of_day,
        cast(count(*) as bigint) as order_count,
        cast(sum(orders.item_count) as {{ type_money_sum() }}) as item_count,
        {{ sum_money('orders.net_amount') }} as net_amount,
        min(orders.order_date) as first_day,
        max(orders.order_date) as last_day
    from orders
    group by
        {{ iso_dow('orders.order_date') }},
        cast(extract(hour from orders.ordered_at_local) as integer)
),

bounds as (
    select
        min(placed.first_day) as first_day,
        max(placed.last_day) as last_day
    from placed
),

days_of_data as (
    select
        calendar.day_of_week as day_of_week,
        cast(count(*) as bigint) as day_count
    from calendar
    inner join bounds
        on calendar.date_day between bounds.first_day and bounds.last_day
    group by calendar.day_of_week
),

filled as (
    select
        weekdays.day_of_week as day_of_week,
        weekdays.day_name as day_name,
        hours.hour_of_day as hour_of_day,
        hours.day_part as day_part,
        coalesce(placed.order_count, 0) as order_count,
        coalesce(placed.item_count, 0) as item_count,
        coalesce(placed.net_amount, 0) as net_amount,
        coalesce(days_of_data.day_count, 0) as day_count
    from weekdays
    cross join hours
    left join placed
        on weekdays.day_of_week = placed.day_of_week
        and hours.hour_of_day = placed.hour_of_day
    left join days_of_data
        on weekdays.day_of_week = days_of_data.day_of_week
),

final as (
    select
        filled.day_of_week as day_of_week,
        filled.day_name as day_name,
        filled.hour_of_day as hour_of_day,
        filled.day_part as day_part,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        filled.order_count as order_count,
        cast(filled.item_count as {{ type_money_sum() }}) as item_count,
        cast(filled.net_amount as {{ type_money_sum() }}) as net_amount,
        {{ money_per('filled.net_amount', 'filled.order_count') }} as average_order_amount,
        filled.day_count as day_count,
        {{ ratio('filled.order_count', 'filled.day_count') }} as orders_per_day,
        {{ ratio('filled.order_count', 'sum(filled.order_count) over ()') }} as order_share_rate
    from filled
)

select
    day_of_week,
    day_name,
    hour_of_day,
    day_part,
    currency_code,
    order_count,
    item_count,
    net_amount,
    average_order_amount,
    day_count,
    orders_per_day,
    order_share_rate
from final
