-- One row per person with a valid order: scores of recency, frequency and net sales, and the segment that they name. Total and disjoint.
with

scores as (
    select
        person_key,
        last_order_date,
        valid_order_count,
        net_sales_amount,
        recency_score,
        frequency_score,
        monetary_score,
        segment
    from {{ ref('rfm_scores') }}
),

as_of as (
    select max(event_date) as as_of_date
    from {{ ref('sales_by_day') }}
),

final as (
    select
        scores.person_key as person_key,
        as_of.as_of_date as as_of_date,
        {{ days('scores.last_order_date', 'as_of.as_of_date') }} as days_since_last_order,
        scores.valid_order_count as order_count,
        scores.net_sales_amount as net_sales_amount,
        {{ shop_currency() }} as currency_code,
        scores.recency_score as recency_score,
        scores.frequency_score as frequency_score,
        scores.monetary_score as monetary_score,
        scores.recency_score * 100 + scores.frequency_score * 10 + scores.monetary_score as rfm_code,
        scores.segment as segment
    from scores
    cross join as_of
)

select
    person_key,
    as_of_date,
    days_since_last_order,
    order_count,
    net_sales_amount,
    currency_code,
    recency_score,
    frequency_score,
    monetary_score,
    rfm_code,
    segment
from final
