-- One row per review and order.
{{ config(enabled=uses_platform('olist_stream')) }}

with

events as (
    select
        source,
        order_id,
        reviews,
        _timezone,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_olist_stream__newest_events') }}
)

select
    elements.source as source,
    {{ json_text('elements.element', 'review_id') }} as review_id,
    elements.order_id as order_id,
    {{ text_as(json_text('elements.element', 'review_score'), 'integer') }} as score,
    {{ to_utc(text_as(json_text('elements.element', 'review_creation_date'), 'timestamp'), source_timezone('olist_stream')) }} as created_at,
    {{ to_utc(text_as(json_text('elements.element', 'review_answer_timestamp'), 'timestamp'), source_timezone('olist_stream')) }} as answered_at,
    {{ text_or_null(json_text('elements.element', 'review_comment_title')) }} as title,
    {{ text_or_null(json_text('elements.element', 'review_comment_message')) }} as body,
    elements._load_id as _load_id,
    elements._loaded_at as _loaded_at,
    elements._source_file as _source_file,
    elements._row_number as _row_number,
    elements._operation as _operation
from {{ elements_of('events', 'reviews', [
    'source', 'order_id', '_timezone', '_load_id', '_loaded_at', '_source_file', '_row_number', '_operation'
]) }} as elements
