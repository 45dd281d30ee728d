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
    nullif(trim(event_id), '') as event_id,
    nullif(trim(session_id), '') as session_id,
    nullif(trim(visitor_id), '') as visitor_id,
    nullif(trim(event_name), '') as event_name,
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
