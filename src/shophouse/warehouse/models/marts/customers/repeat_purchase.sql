-- One row per cohort (month of the first valid order): who of it ordered again, to date and within 30, 60, 90 and 365 days of the own first order (day 30 is
-- within 30). What the cohort's last person hasn't had the days for yet is immature and null.
{% set limits = [30, 60, 90, 365] %}
with

persons as (
    select
        person_key,
        cohort_month,
        first_order_date
    from {{ ref('dim_person') }}
    where cohort_month is not null
),

second_orders as (
    select
        person_key,
        order_date
    from {{ ref('fct_orders') }}
    where order_sequence = 2
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

gaps as (
    select
        persons.person_key as person_key,
        persons.cohort_month as cohort_month,
        {{ days('persons.first_order_date', 'second_orders.order_date') }} as gap_days
    from persons
    left join second_orders
        on persons.person_key = second_orders.person_key
),

ranked as (
    select
        gaps.cohort_month as cohort_month,
        gaps.gap_days as gap_days,
        row_number() over (partition by gaps.cohort_month order by gaps.gap_days nulls last, gaps.person_key) as gap_rank,
        count(*) over (partition by gaps.cohort_month) as repeat_count
    from gaps
    where gaps.gap_days is not null
),

medians as (
    select
        ranked.cohort_month as cohort_month,
        avg(cast(ranked.gap_days as double precision)) as median_days
    from ranked
    where 2 * ranked.gap_rank between ranked.repeat_count and ranked.repeat_count + 2
    group by ranked.cohort_month
),

cohorts as (
    select
        gaps.cohort_month as cohort_month,
        {%- for limit in limits %}
        {{ sum_count('case when gaps.gap_days <= ' ~ limit ~ ' then 1 else 0 end') }} as within_{{ limit }}_days,
        {%- endfor %}
        cast(count(gaps.gap_days) as bigint) as repeat_person_count,
        cast(count(*) as bigint) as person_count
    from gaps
    group by gaps.cohort_month
),

final as (
    select
        cohorts.cohort_month as cohort_month,
        cohorts.person_count as person_count,
        cohorts.repeat_person_count as repeat_person_count,
        {%- for limit in limits %}
        case
            when {{ add_days('months.month_end_date', limit) }} <= as_of.as_of_date then cohorts.within_{{ limit }}_days
        end as repeat_within_{{ limit }}_days_count,
        {%- endfor %}
        medians.median_days as median_days_to_second_order
    from cohorts
    cross join as_of
    inner join months
        on cohorts.cohort_month = months.month_start_date
    left join medians
        on cohorts.cohort_month = medians.cohort_month
)

select
    final.cohort_month as cohort_month,
    final.person_count as person_count,
    final.repeat_person_count as repeat_person_count,
    {{ ratio('final.repeat_person_count', 'final.person_count') }} as repeat_rate,
    {%- for limit in limits %}
    final.repeat_within_{{ limit }}_days_count as repeat_within_{{ limit }}_days_count,
    {{ ratio('final.repeat_within_' ~ limit ~ '_days_count', 'final.person_count') }} as repeat_within_{{ limit }}_days_rate,
    {%- endfor %}
    final.median_days_to_second_order as median_days_to_second_order
from final
