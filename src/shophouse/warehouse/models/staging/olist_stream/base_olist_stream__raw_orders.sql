-- One row per event and version: every row as received.
{{ config(enabled=uses_platform('olist_stream')) }}

with

received as (
    select
        _source,
        _timezone,
        event_id,
        event_type,
        occurred_at,
        order_id,
        customer_id,
        order_status,
        order_purchase_timestamp,
        order_approved_at,
        order_delivered_carrier_date,
        order_delivered_customer_date,
        order_estimated_delivery_date,
        customer,
        items,
        payments,
        reviews,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist_stream', 'raw_orders') }}
)

select
    _source as source,
    {{ text_or_null('event_id') }} as event_id,
    lower({{ text_or_null('event_type') }}) as event_type,
    {{ to_utc('occurred_at', source_timezone('olist_stream')) }} as occurred_at,
    {{ text_or_null('order_id') }} as order_id,
    {{ text_or_null('customer_id') }} as customer_id,
    lower({{ trimmed('order_status') }}) as status,
    {{ to_utc('order_purchase_timestamp', source_timezone('olist_stream')) }} as ordered_at,
    {{ to_utc('order_approved_at', source_timezone('olist_stream')) }} as approved_at,
    {{ to_utc('order_delivered_carrier_date', source_timezone('olist_stream')) }} as handed_to_carrier_at,
    {{ to_utc('order_delivered_customer_date', source_timezone('olist_stream')) }} as delivered_at,
    {{ to_utc('order_estimated_delivery_date', source_timezone('olist_stream')) }} as estimated_delivery_at,
    customer,
    items,
    payments,
    reviews,
    _timezone,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
