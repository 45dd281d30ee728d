-- One row per order and version: every row as received.
{{ config(enabled=uses_platform('olist')) }}

with

received as (
    select
        _source,
        _timezone,
        order_id,
        customer_id,
        order_status,
        order_purchase_timestamp,
        order_approved_at,
        order_delivered_carrier_date,
        order_delivered_customer_date,
        order_estimated_delivery_date,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist', 'orders') }}
)

select
    _source as source,
    order_id,
    customer_id,
    lower({{ trimmed('order_status') }}) as status,
    {{ to_utc('order_purchase_timestamp', source_timezone('olist')) }} as ordered_at,
    {{ to_utc('order_approved_at', source_timezone('olist')) }} as approved_at,
    {{ to_utc('order_delivered_carrier_date', source_timezone('olist')) }} as handed_to_carrier_at,
    {{ to_utc('order_delivered_customer_date', source_timezone('olist')) }} as delivered_at,
    {{ to_utc('order_estimated_delivery_date', source_timezone('olist')) }} as estimated_delivery_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
