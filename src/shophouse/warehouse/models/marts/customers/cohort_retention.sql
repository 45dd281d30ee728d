-- One row per cohort (month of the first valid order) and calendar month since, up to the month of the last day of data. A month that isn't over by
-- then is immature and null; month 0 is the cohort itself.
with

persons as (
    select
        person_key,
        cohort_month
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

cohorts as (
    select
        cohort_month,
        cast(count(*) as bigint) as person_count
    from persons
    group by cohort_month
),

person_months as (
    select
        person_key,
        {{ date_trunc_date('month', 'order_date') }} as order_month
    from orders
    where gap_days is null
        or gap_days > {{ days(date_trunc_date('month', 'order_date'), 'order_date') }}
),

active as (
    select
        persons.cohort_month as cohort_month,
        person_months.order_month as order_month,
        cast(count(*) as bigint) as person_count
    from person_months
    inner join persons
        on person_months.person_key = persons.person_key
    group by
        persons.cohort_month,
        person_months.order_month
),

cells as (
    select
        cohorts.cohort_month as cohort_month,
        months.month_start_date as active_month,
        {{ months('cohorts.cohort_month', 'months.month_start_date') }} as months_since_first_order,
        cohorts.person_count as cohort_person_count,
        months.month_end_date <= as_of.as_of_date as is_mature,
        case
            when months.month_start_date = cohorts.cohort_month or months.month_end_date <= as_of.as_of_date
                then coalesce(active.person_count, 0)
        end as active_person_count
    from cohorts
    cross join as_of
    inner join months
        on cohorts.cohort_month <= months.month_start_date
        and as_of.as_of_date >= months.month_start_date
    left join active
        on cohorts.cohort_month = active.cohort_month
        and months.month_start_date = active.order_month
)

select
    cells.cohort_month as cohort_month,
    cells.months_since_first_order as months_since_first_order,
    cells.active_month as active_month,
    cells.is_mature as is_mature,
    cells.cohort_person_count as cohort_person_count,
    cells.active_person_count as active_person_count,
    {{ ratio('cells.active_person_count', 'cells.cohort_person_count') }} as retention_rate
from cells
