-- One row per cohort (month of the first valid order) and age of 30, 60, 90, 180 and 365 days: net sales, by event date, up to so many days after each person's
-- own first order. Null until the cohort's last person has reached the age.
with

sales as (
    select
        cohort_month,
        first_order_date,
        event_date,
        net_sales_amount
    from {{ ref('sales_by_cohort_day') }}
),

persons as (
    select cohort_month
    from {{ ref('dim_person') }}
    where cohort_month is not null
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

ages as (
    select cast(age_days as integer) as age_days
    from (values (30), (60), (90), (180), (365)) as listed (age_days)
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

by_age as (
    select
        sales.cohort_month as cohort_month,
        ages.age_days as age_days,
        {{ sum_money('sales.net_sales_amount') }} as net_sales_amount
    from sales
    inner join ages
        on {{ days('sales.first_order_date', 'sales.event_date') }} <= ages.age_days
    group by
        sales.cohort_month,
        ages.age_days
),

cells as (
    select
        cohorts.cohort_month as cohort_month,
        cohorts.person_count as cohort_person_count,
        ages.age_days as age_days,
        {{ add_days('cohorts.cohort_end_date', 'ages.age_days') }} <= as_of.as_of_date as is_mature,
        coalesce(by_age.net_sales_amount, 0) as net_sales_amount
    from cohorts
    cross join as_of
    cross join ages
    left join by_age
        on cohorts.cohort_month = by_age.cohort_month
        and ages.age_days = by_age.age_days
)

select
    cells.cohort_month as cohort_month,
    cells.age_days as age_days,
    cells.is_mature as is_mature,
    cells.cohort_person_count as cohort_person_count,
    case when cells.is_mature then cast(cells.net_sales_amount as {{ type_money_sum() }}) end as net_sales_amount,
    case when cells.is_mature then {{ money_per('cells.net_sales_amount', 'cells.cohort_person_count') }} end as lifetime_value_amount,
    {{ shop_currency() }} as currency_code
from cells
