-- One row per lateness of the reviewed order's delivery and state it went to. Lateness is in days after the promise: an order's last parcel counts.
with

reviews as (
    select
        order_key,
        geography_key,
        review_score,
        has_comment
    from {{ ref('fct_reviews') }}
),

parcels as (
    select
        order_key,
        promised_delivery_date,
        delivered_date,
        days_to_deliver,
        days_late
    from {{ ref('fct_shipments') }}
    where order_key in (select reviews.order_key from reviews)
),

places as (
    select
        geography_key,
        {{ region_code('country_code', 'country') }} as country_code,
        {{ region_code('state_code', 'state') }} as state_code
    from {{ ref('dim_geography') }}
),

regions as (
    select
        country_code,
        state_code,
        state
    from {{ ref('regions') }}
),

deliveries as (
    select
        parcels.order_key as order_key,
        cast(count(*) as bigint) as parcel_count,
        cast(count(parcels.delivered_date) as bigint) as delivered_count,
        max(parcels.days_to_deliver) as days_to_deliver,
        max(parcels.days_late) as days_late
    from parcels
    group by parcels.order_key
),

bucketed as (
    select
        case
            when deliveries.order_key is null or deliveries.delivered_count < deliveries.parcel_count then 'not delivered'
            when deliveries.days_late is null then 'no promise'
            when deliveries.days_late > 7 then 'late by more than 7 days'
            when deliveries.days_late > 0 then 'late by 1 to 7 days'
            when deliveries.days_late >= -7 then 'on time, up to 7 days early'
            else 'more than 7 days early'
        end as lateness,
        case
            when deliveries.order_key is null or deliveries.delivered_count < deliveries.parcel_count then 6
            when deliveries.days_late is null then 5
            when deliveries.days_late > 7 then 4
            when deliveries.days_late > 0 then 3
            when deliveries.days_late >= -7 then 2
            else 1
        end as lateness_order,
        coalesce(places.country_code, 'unknown') as country_code,
        coalesce(places.state_code, 'unknown') as state_code,
        reviews.review_score as review_score,
        reviews.has_comment as has_comment,
        deliveries.days_to_deliver as days_to_deliver
    from reviews
    left join deliveries
        on reviews.order_key = deliveries.order_key
    left join places
        on reviews.geography_key = places.geography_key
),

summed as (
    select
        bucketed.lateness as lateness,
        bucketed.lateness_order as lateness_order,
        bucketed.country_code as country_code,
        bucketed.state_code as state_code,
        cast(count(*) as bigint) as review_count,
        {{ sum_count('bucketed.review_score') }} as review_score_sum,
        {{ sum_count('case when bucketed.review_score <= 2 then 1 else 0 end') }} as low_score_count,
        {{ sum_count('case when bucketed.review_score >= 5 then 1 else 0 end') }} as top_score_count,
        {{ sum_count('case when bucketed.has_comment then 1 else 0 end') }} as comment_count,
        avg(cast(bucketed.days_to_deliver as double precision)) as average_days_to_deliver
    from bucketed
    group by
        bucketed.lateness,
        bucketed.lateness_order,
        bucketed.country_code,
        bucketed.state_code
),

final as (
    select
        summed.lateness as lateness,
        cast(summed.lateness_order as integer) as lateness_order,
        summed.country_code as country_code,
        summed.state_code as state_code,
        coalesce(regions.state, summed.state_code) as state,
        summed.review_count as review_count,
        summed.review_score_sum as review_score_sum,
        {{ ratio('summed.review_score_sum', 'summed.review_count') }} as average_review_score,
        summed.low_score_count as low_score_count,
        {{ ratio('summed.low_score_count', 'summed.review_count') }} as low_score_rate,
        summed.top_score_count as top_score_count,
        {{ ratio('summed.top_score_count', 'summed.review_count') }} as top_score_rate,
        summed.comment_count as comment_count,
        summed.average_days_to_deliver as average_days_to_deliver
    from summed
    left join regions
        on summed.country_code = regions.country_code
        and summed.state_code = regions.state_code
)

select
    lateness,
    lateness_order,
    country_code,
    state_code,
    state,
    review_count,
    review_score_sum,
    average_review_score,
    low_score_count,
    low_score_rate,
    top_score_count,
    top_score_rate,
    comment_count,
    average_days_to_deliver
from final
