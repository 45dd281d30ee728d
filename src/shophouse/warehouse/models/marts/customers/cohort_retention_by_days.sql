-- One row per cohort (month of the first valid order) and period of 30 days since each person's own first order: period 0 is its day and the 29 after it.
-- A period that isn't over for the cohort's last person by the last day of data is immature and null; period 0 is the cohort itself.
with

persons as (
    select
        person_key,
        cohort_month,
        first_order_date
    from {{ ref('dim_person') }}
    where cohort_month is not null
),

orders as (
    {{- orders_after_days() }}
),

months as (
    select
        month_start_date,
        month_end_date
    from {{ ref('dim_date') }}
    where day_of_month = 1
),

as_of as (
    select max(event_date) as as_of_date
    from {{ ref('sales_by_day') }}
),

-- The days of the calendar serve as whole numbers from 0.
numbers as (
    select {{ days("cast('1990-01-01' as date)", 'date_day') }} as number
    from {{ ref('dim_date') }}
),

cohorts as (
    select
        persons.cohort_month as cohort_month,
        months.month_end_date as cohort_end_date,
        cast(count(*) as bigint) as person_count
    from persons
    inner join months
        on persons.cohort_month = months.month_start_date
    group by
        persons.cohort_month,
        months.month_end_date
),

active as (
    select
        persons.cohort_month as cohort_month,
        cast({{ whole_quotient(days('persons.first_order_date', 'orders.order_date'), '30') }} as integer) as period_number,
        cast(count(*) as bigint) as person_count
    from orders
    inner join persons
        on orders.person_key = persons.person_key
    where orders.gap_days is null
        or orders.gap_days > mod({{ days('persons.first_order_date', 'orders.order_date') }}, 30)
    group by
        persons.cohort_month,
        cast({{ whole_quotient(days('persons.first_order_date', 'orders.order_date'), '30') }} as integer)
),

periods as (
    select
        cohorts.cohort_month as cohort_month,
        cohorts.person_count as cohort_person_count,
        numbers.number as period_number,
        {{ add_days('cohorts.cohort_end_date', 'numbers.number * 30 + 29') }} <= as_of.as_of_date as is_mature
    from cohorts
    cross join as_of
    inner join numbers
        on numbers.number * 30 <= {{ days('cohorts.cohort_month', 'as_of.as_of_date') }}
),

cells as (
    select
        periods.cohort_month as cohort_month,
        periods.period_number as period_number,
        periods.is_mature as is_mature,
        periods.cohort_person_count as cohort_person_count,
        case when periods.period_number = 0 or periods.is_mature then coalesce(active.person_count, 0) end as active_person_count
    from periods
    left join active
        on periods.cohort_month = active.cohort_month
        and periods.period_number = active.period_number
)

select
    cells.cohort_month as cohort_month,
    cells.period_number as period_number,
    cast(cells.period_number * 30 as integer) as from_day,
    cast(cells.period_number * 30 + 29 as integer) as to_day,
    cells.is_mature as is_mature,
    cells.cohort_person_count as cohort_person_count,
    cells.active_person_count as active_person_count,
    {{ ratio('cells.active_person_count', 'cells.cohort_person_count') }} as retention_rate
from cells
