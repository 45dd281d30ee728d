-- One row per review of an order.
with

reviews as (
    select
        source,
        review_id,
        order_id,
        product_id,
        score,
        created_at,
        answered_at,
        title,
        body
    from {{ ref('input_reviews') }}
),

headers as (
    select
        source,
        order_id,
        order_key,
        person_key,
        geography_key,
        order_date
    from {{ ref('order_headers') }}
),

final as (
    select
        {{ surrogate_key(['reviews.source', 'reviews.review_id', 'reviews.order_id']) }} as review_key,
        reviews.source as source,
        reviews.review_id as review_id,
        headers.order_key as order_key,
        headers.person_key as person_key,
        headers.geography_key as geography_key,
        {{ key_or_unknown('reviews.source', 'reviews.product_id') }} as product_key,
        headers.order_date as order_date,
        reviews.score as review_score,
        reviews.created_at as reviewed_at,
        reviews.answered_at as answered_at,
        {{ days('reviews.created_at', 'reviews.answered_at') }} as days_to_answer,
        reviews.title is not null or reviews.body is not null as has_comment
    from reviews
    inner join headers
        on reviews.source = headers.source
        and reviews.order_id = headers.order_id
)

select
    review_key,
    source,
    review_id,
    order_key,
    person_key,
    geography_key,
    product_key,
    order_date,
    review_score,
    reviewed_at,
    answered_at,
    days_to_answer,
    has_comment
from final
