-- One row per review and version.
{{ config(enabled=uses_platform('storefront')) }}

with

reviews as (
    select
        source,
        review_id,
        order_id,
        product_id,
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
    from {{ ref('base_storefront__reviews') }}
)

select
    source,
    cast(review_id as varchar) as review_id,
    cast(order_id as varchar) as order_id,
    score,
    cast(product_id as varchar) as product_id,
    created_at,
    answered_at,
    title,
    body,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from reviews
