-- One row per review and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
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
    from {{ source('storefront', 'reviews') }}
)

select
    _source as source,
    review_id,
    order_id,
    product_id,
    score,
    {{ text_or_null('title') }} as title,
    {{ text_or_null('body') }} as body,
    {{ to_utc('created_at', source_timezone('storefront')) }} as created_at,
    {{ to_utc('answered_at', source_timezone('storefront')) }} as answered_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
