-- One row per review, order and version.
{{ config(enabled=uses_platform('olist')) }}

with

order_reviews as (
    select
        source,
        review_id,
        order_id,
        score,
        title,
        body,
        created_at,
        answered_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_olist__order_reviews') }}
)

select
    source,
    review_id,
    order_id,
    score,
    created_at,
    answered_at,
    title,
    body,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from order_reviews
