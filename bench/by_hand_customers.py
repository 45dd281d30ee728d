"""Of by_hand.py: the marts of customers."""

from __future__ import annotations

MARTS: dict[str, str] = {
    "customer_360": """
with top as (
    select person_key, min(category_name) as category_name
    from top_categories join dim_category using (category_key) group by person_key
)
select person_key, as_of_date, s.cohort_month, s.first_order_date, s.last_order_date,
    as_of_date - s.last_order_date as days_since_last_order,
    (s.last_order_date - s.first_order_date) / nullif(s.valid_order_count - 1, 0) as average_gap_days,
    s.valid_order_count >= 2 as is_repeat, s.order_count as all_order_count, s.valid_order_count as order_count,
    s.item_count, s.gross_amount, -s.discount_amount as discount_amount, -s.return_amount as return_amount,
    -s.cancellation_amount as cancellation_amount, s.net_sales_amount, s.cost_amount,
    s.net_sales_amount - s.cost_amount as margin_amount,
    per(s.net_sales_amount, s.valid_order_count) as average_order_amount, c.channel as first_channel,
    g.country_code as first_country_code, g.state_code as first_state_code, r.state as first_state,
    coalesce(t.category_name, 'unknown') as top_category_name, coalesce(f.segment, 'no valid order') as segment
from sales_by_person s
left join rfm_scores f using (person_key)
left join top t using (person_key)
join dim_channel c on s.first_channel_key = c.channel_key
join dim_geography g on s.first_geography_key = g.geography_key
left join regions r using (country_code, state_code), as_of
""",
    "rfm_segments": """
select person_key, as_of_date, as_of_date - last_order_date as days_since_last_order, valid_order_count as order_count,
    net_sales_amount, recency_score, frequency_score, monetary_score,
    recency_score * 100 + frequency_score * 10 + monetary_score as rfm_code, segment
from rfm_scores, as_of
""",
    "customer_segments": """
select segment, as_of_date, count(*) as person_count, count(*) / sum(count(*)) over () as person_share_rate,
    sum(order_count) as order_count, sum(net_sales_amount) as net_sales_amount,
    sum(net_sales_amount) / nullif(sum(sum(net_sales_amount)) over (), 0) as net_sales_share_rate,
    per(sum(net_sales_amount), count(*)) as net_sales_per_person_amount,
    per(sum(net_sales_amount), sum(order_count)) as average_order_amount
from customer_360 group by all
""",
    "identity_merges": """
select p.person_key, p.match_method, count(distinct c.match_method) as match_method_count, p.account_count,
    p.account_count - 1 as merged_account_count, 1 as source_count, 'storefront' as first_source,
    'storefront' as last_source, p.created_at as first_created_at, max(c.created_at) as last_created_at, p.order_count,
    p.valid_order_count
from dim_person p join dim_customer c using (person_key) where p.account_count > 1 group by all
""",
    "cohort_retention": """
with person_months as (
    select distinct person_key, date_trunc('month', order_date)::date as month_start_date
    from fct_orders where is_valid
), active as (
    select p.cohort_month, m.month_start_date, count(*) as person_count
    from person_months m join dim_person p using (person_key) group by all
), cells as (
    select c.cohort_month, datediff('month', c.cohort_month, d.date_day)::integer as months_since_first_order,
        d.date_day as active_month, d.month_end_date <= as_of_date as is_mature, c.cohort_person_count,
        case when d.date_day = c.cohort_month or d.month_end_date <= as_of_date then coalesce(a.person_count, 0) end
            as active_person_count
    from cohorts c
    join as_of on true
    join dim_date d on d.date_day between c.cohort_month and as_of_date and d.day_of_month = 1
    left join active a on c.cohort_month = a.cohort_month and d.date_day = a.month_start_date
)
select *, active_person_count / cohort_person_count as retention_rate from cells
""",
    "cohort_retention_by_days": """
with person_periods as (
    select distinct person_key, p.cohort_month, (o.order_date - p.first_order_date) // 30 as period_number
    from fct_orders o join dim_person p using (person_key) where o.is_valid
), active as (
    select cohort_month, period_number, count(*) as person_count from person_periods group by all
), cells as (
    select c.cohort_month, n as period_number, n * 30 as from_day, n * 30 + 29 as to_day,
        c.cohort_end_date + (n * 30 + 29)::integer <= as_of_date as is_mature, c.cohort_person_count,
        case when n = 0 or c.cohort_end_date + (n * 30 + 29)::integer <= as_of_date then coalesce(a.person_count, 0)
            end as active_person_count
    from cohorts c
    join as_of on true
    join range(1000) numbers (n) on n * 30 <= as_of_date - c.cohort_month
    left join active a on c.cohort_month = a.cohort_month and n = a.period_number
)
select *, active_person_count / cohort_person_count as retention_rate from cells
""",
    "cohort_lifetime_value": """
with by_month as (
    select cohort_month, greatest(date_trunc('month', event_date)::date, cohort_month) as event_month,
        sum(net_sales_amount) as amount
    from sales_by_cohort_day group by all
), cells as (
    select c.cohort_month, datediff('month', c.cohort_month, d.date_day)::integer as months_since_first_order,
        d.date_day as event_month, d.month_end_date <= as_of_date as is_mature, c.cohort_person_count,
        coalesce(b.amount, 0) as net_sales_amount,
        sum(coalesce(b.amount, 0)) over (partition by c.cohort_month order by d.date_day) as cumulative_net_sales_amount
    from cohorts c
    join as_of on true
    join dim_date d on d.date_day between c.cohort_month and as_of_date and d.day_of_month = 1
    left join by_month b on c.cohort_month = b.cohort_month and d.date_day = b.event_month
)
select *, case when is_mature then per(cumulative_net_sales_amount, cohort_person_count) end as lifetime_value_amount
from cells
""",
    "lifetime_value_by_age": """
with cells as (
    select c.cohort_month, a.age_days, c.cohort_end_date + a.age_days <= as_of_date as is_mature,
        c.cohort_person_count, coalesce(sum(s.net_sales_amount), 0) as amount
    from cohorts c
    join as_of on true
    join (values (30), (60), (90), (180), (365)) a (age_days) on true
    left join sales_by_cohort_day s
        on c.cohort_month = s.cohort_month and s.event_date - s.first_order_date <= a.age_days
    group by all
)
select * exclude (amount), case when is_mature then amount end as net_sales_amount,
    case when is_mature then per(amount, cohort_person_count) end as lifetime_value_amount
from cells
""",
    "repeat_purchase": """
with gaps as (
    select p.cohort_month, o.order_date - p.first_order_date as gap_days
    from dim_person p left join fct_orders o on p.person_key = o.person_key and o.order_sequence = 2
    where p.cohort_month is not null
), counted as (
    select cohort_month, last_day(cohort_month) as cohort_end_date, count(*) as person_count,
        count(gap_days) as repeat_person_count, count(*) filter (gap_days <= 30) as within_30,
        count(*) filter (gap_days <= 60) as within_60, count(*) filter (gap_days <= 90) as within_90,
        count(*) filter (gap_days <= 365) as within_365, median(gap_days) as median_days_to_second_order
    from gaps group by all
), mature as (
    select cohort_month, person_count, repeat_person_count, median_days_to_second_order,
        case when cohort_end_date + 30 <= as_of_date then within_30 end as repeat_within_30_days_count,
        case when cohort_end_date + 60 <= as_of_date then within_60 end as repeat_within_60_days_count,
        case when cohort_end_date + 90 <= as_of_date then within_90 end as repeat_within_90_days_count,
        case when cohort_end_date + 365 <= as_of_date then within_365 end as repeat_within_365_days_count
    from counted, as_of
)
select *, repeat_person_count / person_count as repeat_rate,
    repeat_within_30_days_count / person_count as repeat_within_30_days_rate,
    repeat_within_60_days_count / person_count as repeat_within_60_days_rate,
    repeat_within_90_days_count / person_count as repeat_within_90_days_rate,
    repeat_within_365_days_count / person_count as repeat_within_365_days_rate
from mature
""",
    # A person counts from an order until the window's length after it or the next day with an order.
    "active_customers_daily": """
with days as (
    select person_key, order_date, bool_or(is_first_order) as is_first from fct_orders where is_valid group by all
), following as (
    select order_date, is_first, least(coalesce(lead(order_date) over w - order_date, 30), 30)::integer as gap
    from days window w as (partition by person_key order by order_date)
), gaps as (
    select order_date, gap, count(*) as persons, count(*) filter (is_first) as firsts from following group by all
), changes as (
    select order_date as date_day, persons as daily, persons as weekly, persons as monthly, firsts as new from gaps
    union all
    select order_date + least(gap, 7), 0, -persons, 0, 0 from gaps
    union all
    select order_date + gap, 0, 0, -persons, 0 from gaps
), summed as (
    select date_day, coalesce(sum(daily), 0) as dau_purchasing, sum(weekly) as weekly, sum(monthly) as monthly,
        coalesce(sum(new), 0) as new_person_count
    from dim_date left join changes using (date_day), as_of
    where date_day between (select min(order_date) from gaps) and as_of_date group by all
), running as (
    select date_day, dau_purchasing, (sum(weekly) over w) as wau_purchasing,
        (sum(monthly) over w) as mau_purchasing, new_person_count
    from summed window w as (order by date_day)
)
select *, dau_purchasing / nullif(mau_purchasing, 0) as stickiness_rate,
    dau_purchasing - new_person_count as returning_person_count
from running
""",
}
