-- One row per event: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
        event_id,
        session_id,
        visitor_id,
        event_name,
        occurred_at,
        product_id,
        order_id,
        value,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'events') }}
)

select
    _source as source,
    {{ text_or_null('event_id') }} as event_id,
    {{ text_or_null('session_id') }} as session_id,
    {{ text_or_null('visitor_id') }} as visitor_id,
    {{ text_or_null('event_name') }} as event_name,
    {{ to_utc('occurred_at', source_timezone('storefront')) }} as occurred_at,
    product_id,
    order_id,
    value,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
