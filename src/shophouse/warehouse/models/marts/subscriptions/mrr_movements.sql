-- One row per month from the first to the last change of a subscription: monthly recurring revenue (MRR) at its beginning, what changed it, and at its end.
with

changes as (
    select
        {{ date_trunc_date('month', 'occurred_date') }} as month_start_date,
        subscription_key,
        movement_kind,
        mrr_change_amount
    from {{ ref('fct_subscription_events') }}
    where movement_kind <> 'none'
),

bounds as (
    select
        min(month_start_date) as first_month,
        max(month_start_date) as last_month
    from changes
),

calendar as (
    select date_day
    from {{ ref('dim_date') }}
    where day_of_month = 1
),

stacked as (
    select
        month_start_date,
        movement_kind,
        mrr_change_amount,
        1 as movement_count
    from changes
    union all
    select
        calendar.date_day as month_start_date,
        'none' as movement_kind,
        0 as mrr_change_amount,
        0 as movement_count
    from calendar
    inner join bounds
        on calendar.date_day between bounds.first_month and bounds.last_month
),

months as (
    select
        month_start_date,
        {%- for kind in ['new', 'reactivation', 'expansion', 'contraction', 'churn'] %}
        {{ sum_money("case when movement_kind = '" ~ kind ~ "' then mrr_change_amount else 0 end") }} as {{ kind }}_mrr_amount,
        {%- endfor %}
        {%- for kind in ['new', 'reactivation', 'churn'] %}
        {{ sum_count("case when movement_kind = '" ~ kind ~ "' then 1 else 0 end") }} as {{ kind }}_count,
        {%- endfor %}
        {{ sum_money('mrr_change_amount') }} as net_mrr_amount
    from stacked
    group by month_start_date
),

summed as (
    select
        month_start_date,
        {%- for kind in ['new', 'reactivation', 'expansion', 'contraction', 'churn'] %}
        {{ kind }}_mrr_amount,
        {%- endfor %}
        {%- for kind in ['new', 'reactivation', 'churn'] %}
        {{ kind }}_count,
        {%- endfor %}
        net_mrr_amount,
        cast(sum(net_mrr_amount) over (order by month_start_date rows between unbounded preceding and current row) as {{ type_money_sum() }}) as closing_mrr_amount,
        cast(
            sum(new_count + reactivation_count - churn_count) over (order by month_start_date rows between unbounded preceding and current row) as bigint
        ) as closing_count
    from months
)

select
    month_start_date,
    cast(closing_mrr_amount - net_mrr_amount as {{ type_money_sum() }}) as opening_mrr_amount,
    new_mrr_amount,
    reactivation_mrr_amount,
    expansion_mrr_amount,
    contraction_mrr_amount,
    churn_mrr_amount,
    net_mrr_amount,
    closing_mrr_amount,
    {{ shop_currency() }} as currency_code,
    cast(closing_count - new_count - reactivation_count + churn_count as bigint) as opening_count,
    new_count,
    reactivation_count,
    churn_count,
    closing_count,
    {{ ratio('churn_count', 'closing_count - new_count - reactivation_count + churn_count') }} as churn_rate,
    {{ ratio('-(churn_mrr_amount + contraction_mrr_amount)', 'closing_mrr_amount - net_mrr_amount') }} as gross_mrr_churn_rate,
    {{ ratio(
        'closing_mrr_amount - new_mrr_amount - reactivation_mrr_amount', 'closing_mrr_amount - net_mrr_amount'
    ) }} as net_revenue_retention_rate,
    {{ ratio('closing_mrr_amount', 'closing_count') }} as mean_mrr
from summed
