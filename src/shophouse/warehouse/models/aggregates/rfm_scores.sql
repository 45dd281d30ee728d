-- One row per person with a valid order: how recently, how often and for how much the person bought, each from 1 to 5 (best).
-- A score is the fifth that the share of persons with a lower value falls in, so that persons with the same value always have the same score; where
-- most values are equal (one order each) they share the lowest score of their kind, and the fifths are not of one size.
{% set measures = {'recency': 'last_order_date', 'frequency': 'valid_order_count', 'monetary': 'net_sales_amount'} %}
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

totals as (
    select cast(count(*) as bigint) as person_count
    from persons
),

{% for score, value in measures.items() -%}
{{ score }}_values as (
    select
        {{ value }},
        cast(count(*) as bigint) as person_count
    from persons
    group by {{ value }}
),

{{ score }}_ranks as (
    select
        {{ value }} as value_bound,
        5 * (sum(person_count) over (order by {{ value }} nulls last rows between unbounded preceding and current row) - person_count) as five_lower_counts
    from {{ score }}_values
),

-- The lowest value of each score; none where no value has it or a higher one.
{{ score }}_bounds as (
    select
        min(case when ranks.five_lower_counts >= totals.person_count then ranks.value_bound end) as bound_2,
        min(case when ranks.five_lower_counts >= totals.person_count * 2 then ranks.value_bound end) as bound_3,
        min(case when ranks.five_lower_counts >= totals.person_count * 3 then ranks.value_bound end) as bound_4,
        min(case when ranks.five_lower_counts >= totals.person_count * 4 then ranks.value_bound end) as bound_5
    from {{ score }}_ranks as ranks
    cross join totals
),

{% endfor -%}
scored as (
    select
        persons.person_key as person_key,
        persons.last_order_date as last_order_date,
        persons.valid_order_count as valid_order_count,
        persons.net_sales_amount as net_sales_amount,
        case
            when persons.last_order_date >= recency_bounds.bound_5 then 5
            when persons.last_order_date >= recency_bounds.bound_4 then 4
            when persons.last_order_date >= recency_bounds.bound_3 then 3
            when persons.last_order_date >= recency_bounds.bound_2 then 2
            else 1
        end as recency_score,
        case
            when persons.valid_order_count >= frequency_bounds.bound_5 then 5
            when persons.valid_order_count >= frequency_bounds.bound_4 then 4
            when persons.valid_order_count >= frequency_bounds.bound_3 then 3
            when persons.valid_order_count >= frequency_bounds.bound_2 then 2
            else 1
        end as frequency_score,
        case
            when persons.net_sales_amount >= monetary_bounds.bound_5 then 5
            when persons.net_sales_amount >= monetary_bounds.bound_4 then 4
            when persons.net_sales_amount >= monetary_bounds.bound_3 then 3
            when persons.net_sales_amount >= monetary_bounds.bound_2 then 2
            else 1
        end as monetary_score
    from persons
    cross join recency_bounds
    cross join frequency_bounds
    cross join monetary_bounds
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
