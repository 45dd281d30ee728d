-- One row per cohort (month of the first valid order) and calendar month since, up to the month of the last day of data: net sales of the month (by event
-- date) and up to it. Money of a cancelled order older than the first valid one counts in month 0. The last month's value per person is null until it is over.
with

sales as (
    select
        cohort_month,
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

cohorts as (
    select
        cohort_month,
        cast(count(*) as bigint) as person_count
    from persons
    group by cohort_month
),

by_month as (
    select
        sales.cohort_month as cohort_month,
        greatest({{ date_trunc_date('month', 'sales.event_date') }}, sales.cohort_month) as event_month,
        {{ sum_money('sales.net_sales_amount') }} as net_sales_amount
    from sales
    group by
        sales.cohort_month,
        greatest({{ date_trunc_date('month', 'sales.event_date') }}, sales.cohort_month)
),

cells as (
    select
        cohorts.cohort_month as cohort_month,
        cohorts.person_count as cohort_person_count,
        months.month_start_date as event_month,
        {{ months('cohorts.cohort_month', 'months.month_start_date') }} as months_since_first_order,
        months.month_end_date <= as_of.as_of_date as is_mature,
        coalesce(by_month.net_sales_amount, 0) as net_sales_amount
    from cohorts
    cross join as_of
    inner join months
        on cohorts.cohort_month <= months.month_start_date
        and as_of.as_of_date >= months.month_start_date
    left join by_month
        on cohorts.cohort_month = by_month.cohort_month
        and months.month_start_date = by_month.event_month
),

final as (
    select
        cells.cohort_month as cohort_month,
        cells.months_since_first_order as months_since_first_order,
        cells.event_month as event_month,
        cells.is_mature as is_mature,
        cells.cohort_person_count as cohort_person_count,
        cells.net_sales_amount as net_sales_amount,
        cast(
            sum(cells.net_sales_amount) over (
                partition by cells.cohort_month
                order by cells.months_since_first_order
                rows between unbounded preceding and current row
            ) as {{ type_money_sum() }}
        ) as cumulative_net_sales_amount
    from cells
)

select
    final.cohort_month as cohort_month,
    final.months_since_first_order as months_since_first_order,
    final.event_month as event_month,
    final.is_mature as is_mature,
    final.cohort_person_count as cohort_person_count,
    final.net_sales_amount as net_sales_amount,
    final.cumulative_net_sales_amount as cumulative_net_sales_amount,
    case when final.is_mature then {{ money_per('final.cumulative_net_sales_amount', 'final.cohort_person_count') }} end as lifetime_value_amount,
    {{ shop_currency() }} as currency_code
from final
