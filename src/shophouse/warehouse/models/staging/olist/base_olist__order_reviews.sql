-- One row per review and version: every row as received.
{{ config(enabled=uses_platform('olist')) }}

with

received as (
    select
        _source,
        _timezone,
        review_id,
        order_id,
        review_score,
        review_comment_title,
        review_comment_message,
        review_creation_date,
        review_answer_timestamp,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist', 'order_reviews') }}
)

select
    _source as source,
    review_id,
    order_id,
    review_score as score,
    {{ text_or_null('review_comment_title') }} as title,
    {{ text_or_null('review_comment_message') }} as body,
    {{ to_utc('review_creation_date', source_timezone('olist')) }} as created_at,
    {{ to_utc('review_answer_timestamp', source_timezone('olist')) }} as answered_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
