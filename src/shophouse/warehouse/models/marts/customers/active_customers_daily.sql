-- One row per day from the first valid order to the last day of data: distinct persons who ordered on the day (DAU), and in the 7 and 30 days
-- that end with it (WAU, MAU). A person counts until the window's length after an order, and from the order on or from when the one before ends to
-- count, whichever is later: windows are then running sums of begins and ends.
with

orders as (
    {{- orders_after_days() }}
),

first_orders as (
    select order_date
    from {{ ref('fct_orders') }}
    where is_first_order
),

calendar as (
    select date_day
    from {{ ref('dim_date') }}
),

as_of as (
    select max(event_date) as as_of_date
    from {{ ref('sales_by_day') }}
),

gaps as (
    select
        order_date,
        least(coalesce(gap_days, 30), 30) as gap_days,
        cast(count(*) as bigint) as person_count
    from orders
    where coalesce(gap_days, 30) > 0
    group by
        order_date,
        least(coalesce(gap_days, 30), 30)
),

changes as (
    select
        gaps.order_date as date_day,
        gaps.person_count as active_count,
        cast(0 as bigint) as week_change,
        cast(0 as bigint) as month_change,
        cast(0 as bigint) as new_count
    from gaps
    union all
    select
        {{ add_days('gaps.order_date', '7 - least(gaps.gap_days, 7)') }} as date_day,
        cast(0 as bigint) as active_count,
        gaps.person_count as week_change,
        cast(0 as bigint) as month_change,
        cast(0 as bigint) as new_count
    from gaps
    union all
    select
        {{ add_days('gaps.order_date', 7) }} as date_day,
        cast(0 as bigint) as active_count,
        -gaps.person_count as week_change,
        cast(0 as bigint) as month_change,
        cast(0 as bigint) as new_count
    from gaps
    union all
    select
        {{ add_days('gaps.order_date', '30 - gaps.gap_days') }} as date_day,
        cast(0 as bigint) as active_count,
        cast(0 as bigint) as week_change,
        gaps.person_count as month_change,
        cast(0 as bigint) as new_count
    from gaps
    union all
    select
        {{ add_days('gaps.order_date', 30) }} as date_day,
        cast(0 as bigint) as active_count,
        cast(0 as bigint) as week_change,
        -gaps.person_count as month_change,
        cast(0 as bigint) as new_count
    from gaps
    union all
    select
        first_orders.order_date as date_day,
        cast(0 as bigint) as active_count,
        cast(0 as bigint) as week_change,
        cast(0 as bigint) as month_change,
        cast(count(*) as bigint) as new_count
    from first_orders
    group by first_orders.order_date
),

by_day as (
    select
        date_day,
        sum(active_count) as active_count,
        sum(week_change) as week_change,
        sum(month_change) as month_change,
        sum(new_count) as new_count
    from changes
    group by date_day
),

begins as (
    select min(order_date) as first_date
    from gaps
),

final as (
    select
        calendar.date_day as date_day,
        cast(coalesce(by_day.active_count, 0) as bigint) as dau_purchasing,
        cast(
            sum(coalesce(by_day.week_change, 0)) over (order by calendar.date_day rows between unbounded preceding and current row) as bigint
        ) as wau_purchasing,
        cast(
            sum(coalesce(by_day.month_change, 0)) over (order by calendar.date_day rows between unbounded preceding and current row) as bigint
        ) as mau_purchasing,
        cast(coalesce(by_day.new_count, 0) as bigint) as new_person_count
    from calendar
    cross join as_of
    inner join begins
        on calendar.date_day >= begins.first_date
        and calendar.date_day <= as_of.as_of_date
    left join by_day
        on calendar.date_day = by_day.date_day
)

select
    final.date_day as date_day,
    final.dau_purchasing as dau_purchasing,
    final.wau_purchasing as wau_purchasing,
    final.mau_purchasing as mau_purchasing,
    {{ ratio('final.dau_purchasing', 'final.mau_purchasing') }} as stickiness_rate,
    final.new_person_count as new_person_count,
    final.dau_purchasing - final.new_person_count as returning_person_count
from final
