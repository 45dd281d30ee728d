-- One row per event.
{{ config(enabled=uses_platform('storefront')) }}

with

events as (
    select
        source,
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
    from {{ ref('base_storefront__events') }}
)

select
    source,
    event_id,
    session_id,
    visitor_id,
    lower(event_name) as event_name,
    occurred_at,
    cast(product_id as varchar) as product_id,
    cast(order_id as varchar) as order_id,
    value,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from events
