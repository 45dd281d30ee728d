-- One row per person with a valid order: how recently, how often and for how much the person bought, each from 1 to 5 (best).
-- A score is the fifth that the share of persons with a lower value falls in, so that persons with the same value always have the same score; where
-- most values are equal (one order each) they share the lowest score of their kind, and the fifths are not of one size.
with

persons as (
    select
        person_key,
        last_order_date,
        valid_order_count,
        net_sales_amount
    from {{ ref('sales_by_person') }}
    where valid_order_count > 0
),

segments as (
    select
        recency_score,
        frequency_score,
        monetary_score,
        segment
    from {{ ref('rfm_codes') }}
),

ranked as (
    select
        persons.person_key as person_key,
        persons.last_order_date as last_order_date,
        persons.valid_order_count as valid_order_count,
        persons.net_sales_amount as net_sales_amount,
        rank() over (order by persons.last_order_date nulls last) - 1 as less_recent_count,
        rank() over (order by persons.valid_order_count nulls last) - 1 as less_frequent_count,
        rank() over (order by persons.net_sales_amount nulls last) - 1 as lower_value_count,
        count(*) over () as person_count
    from persons
),

scored as (
    select
        ranked.person_key as person_key,
        ranked.last_order_date as last_order_date,
        ranked.valid_order_count as valid_order_count,
        ranked.net_sales_amount as net_sales_amount,
        cast({{ whole_quotient('ranked.less_recent_count * 5', 'ranked.person_count') }} + 1 as integer) as recency_score,
        cast({{ whole_quotient('ranked.less_frequent_count * 5', 'ranked.person_count') }} + 1 as integer) as frequency_score,
        cast({{ whole_quotient('ranked.lower_value_count * 5', 'ranked.person_count') }} + 1 as integer) as monetary_score
    from ranked
),

final as (
    select
        scored.person_key as person_key,
        scored.last_order_date as last_order_date,
        scored.valid_order_count as valid_order_count,
        scored.net_sales_amount as net_sales_amount,
        scored.recency_score as recency_score,
        scored.frequency_score as frequency_score,
        scored.monetary_score as monetary_score,
        segments.segment as segment
    from scored
    left join segments
        on scored.recency_score = segments.recency_score
        and scored.frequency_score = segments.frequency_score
        and scored.monetary_score = segments.monetary_score
)

select
    person_key,
    last_order_date,
    valid_order_count,
    net_sales_amount,
    recency_score,
    frequency_score,
    monetary_score,
    segment
from final
