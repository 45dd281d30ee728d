-- One row per metric and period of a target: what was to be reached, what was by the last day of the data, and what should have been by then.
with

targets as (
    select
        target_metric,
        period_start,
        period_end,
        source,
        metric,
        max(target_value) as target_value
    from {{ ref('fct_targets_daily') }}
    group by
        target_metric,
        period_start,
        period_end,
        source,
        metric
),

sales as (
    select
        event_date as date_day,
        'net_sales_amount' as target_metric,
        net_sales_amount as metric_value
    from {{ ref('sales_by_day') }}
    union all
    select
        event_date as date_day,
        'gross_amount' as target_metric,
        gross_amount as metric_value
    from {{ ref('sales_by_day') }}
    union all
    select
        event_date as date_day,
        'total_sales_amount' as target_metric,
        total_sales_amount as metric_value
    from {{ ref('sales_by_day') }}
    union all
    select
        order_date as date_day,
        'order_count' as target_metric,
        cast(order_count as {{ type_money_sum() }}) as metric_value
    from {{ ref('orders_by_day') }}
    union all
    select
        order_date as date_day,
        'new_customer_count' as target_metric,
        cast(new_customer_count as {{ type_money_sum() }}) as metric_value
    from {{ ref('orders_by_day') }}
    union all
    select
        order_date as date_day,
        'item_count' as target_metric,
        item_count as metric_value
    from {{ ref('orders_by_day') }}
),

last_day as (
    select max(date_day) as as_of_date
    from sales
),

reached as (
    select
        targets.target_metric as target_metric,
        targets.period_start as period_start,
        targets.period_end as period_end,
        targets.source as source,
        targets.metric as metric,
        {{ sum_money('sales.metric_value') }} as actual_value
    from targets
    inner join sales
        on targets.target_metric = sales.target_metric
        and sales.date_day between targets.period_start and targets.period_end
    group by
        targets.target_metric,
        targets.period_start,
        targets.period_end,
        targets.source,
        targets.metric
),

elapsed as (
    select
        targets.target_metric as target_metric,
        targets.period_start as period_start,
        targets.period_end as period_end,
        targets.source as source,
        targets.metric as metric,
        targets.target_value as target_value,
        {{ days('targets.period_start', 'targets.period_end') }} + 1 as day_count,
        case
            when last_day.as_of_date is null or last_day.as_of_date < targets.period_start then 0
            when last_day.as_of_date > targets.period_end then {{ days('targets.period_start', 'targets.period_end') }} + 1
            else {{ days('targets.period_start', 'last_day.as_of_date') }} + 1
        end as elapsed_day_count
    from targets
    cross join last_day
)

select
    elapsed.target_metric as target_metric,
    elapsed.period_start as period_start,
    elapsed.period_end as period_end,
    elapsed.source as source,
    elapsed.metric as metric,
    cast(elapsed.target_value as {{ type_money_sum() }}) as target_value,
    cast(coalesce(reached.actual_value, 0) as {{ type_money_sum() }}) as actual_value,
    cast(elapsed.day_count as integer) as day_count,
    cast(elapsed.elapsed_day_count as integer) as elapsed_day_count,
    {{ ratio('coalesce(reached.actual_value, 0)', 'elapsed.target_value') }} as attainment_rate,
    {{ ratio('elapsed.elapsed_day_count', 'elapsed.day_count') }} as elapsed_rate,
    {{ ratio('coalesce(reached.actual_value, 0) * elapsed.day_count', 'elapsed.target_value * elapsed.elapsed_day_count') }} as pace_rate
from elapsed
left join reached
    on elapsed.target_metric = reached.target_metric
    and elapsed.period_start = reached.period_start
    and elapsed.period_end = reached.period_end
    and elapsed.source = reached.source
    and elapsed.metric = reached.metric
