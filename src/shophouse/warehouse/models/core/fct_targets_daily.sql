-- One row per target and day that it covers: the day's even share. Shares sum to the target. Where several cover a day, the shortest period is the day's.
with

targets as (
    select
        targets.source as source,
        targets.metric as metric,
        metrics.target_metric as target_metric,
        targets.period_start as period_start,
        targets.period_end as period_end,
        targets.target_value as target_value,
        {{ days('targets.period_start', 'targets.period_end') }} + 1 as day_count
    from {{ ref('input_targets') }} as targets
    inner join {{ ref('target_metrics') }} as metrics
        on targets.metric = metrics.metric
),

calendar as (
    select date_day
    from {{ ref('dim_date') }}
),

days as (
    select
        targets.source as source,
        targets.metric as metric,
        targets.target_metric as target_metric,
        calendar.date_day as target_date,
        targets.period_start as period_start,
        targets.period_end as period_end,
        targets.target_value as target_value,
        targets.day_count as day_count,
        {{ days('targets.period_start', 'calendar.date_day') }} as day_number,
        row_number() over (
            partition by targets.target_metric, calendar.date_day
            order by targets.day_count, targets.period_start desc, targets.source, targets.metric
        ) as target_rank
    from targets
    inner join calendar
        on calendar.date_day between targets.period_start and targets.period_end
)

select
    target_metric,
    target_date,
    source,
    metric,
    period_start,
    period_end,
    target_value,
    cast(
        {{ money_per(
            whole_quotient('cast(target_value * 10000 as bigint) * (day_number + 1)', 'day_count')
            ~ ' - ' ~ whole_quotient('cast(target_value * 10000 as bigint) * day_number', 'day_count'), '10000'
        ) }} as {{ type_money() }}
    ) as day_target_value,
    target_rank = 1 as is_of_the_day
from days
