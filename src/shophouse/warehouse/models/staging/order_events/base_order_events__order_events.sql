-- One row per event and version: every row as received.
{{ config(enabled=uses_platform('order_events')) }}

with

received as (
    select
        _source,
        _timezone,
        event_id,
        event_type,
        occurred_at,
        sent_at,
        order_id,
        customer_id,
        store_id,
        store_name,
        store_timezone,
        channel,
        currency,
        taxes_included,
        is_test,
        promised_delivery_at,
        discount_code,
        discount_amount,
        shipping_amount,
        shipping_tax_amount,
        total_amount,
        items,
        payments,
        refund,
        refund_items,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('order_events', 'order_events') }}
)

select
    _source as source,
    {{ text_or_null('event_id') }} as event_id,
    lower({{ text_or_null('event_type') }}) as event_type,
    {{ to_utc('occurred_at', source_timezone('order_events')) }} as occurred_at,
    {{ to_utc('sent_at', source_timezone('order_events')) }} as sent_at,
    {{ text_or_null('order_id') }} as order_id,
    {{ text_or_null('customer_id') }} as customer_id,
    {{ text_or_null('store_id') }} as store_id,
    {{ text_or_null('store_name') }} as store_name,
    {{ text_or_null('store_timezone') }} as store_timezone,
    {{ text_or_null('channel') }} as channel,
    {{ text_or_null('currency') }} as currency,
    taxes_included,
    is_test,
    {{ to_utc('promised_delivery_at', source_timezone('order_events')) }} as promised_delivery_at,
    {{ text_or_null('discount_code') }} as discount_code,
    discount_amount,
    shipping_amount,
    shipping_tax_amount,
    total_amount,
    items,
    payments,
    refund,
    refund_items,
    _timezone,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
