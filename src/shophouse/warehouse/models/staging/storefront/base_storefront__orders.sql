-- One row per order and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
        order_id,
        user_id,
        store_id,
        channel,
        employee_id,
        status,
        currency,
        ordered_at,
        paid_at,
        cancelled_at,
        promised_delivery_at,
        discount_code,
        discount_amount,
        shipping_amount,
        tax_amount,
        total_amount,
        taxes_included,
        is_test,
        shipping_postal_code,
        shipping_city,
        shipping_state,
        shipping_country,
        updated_at,
        is_deleted,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'orders') }}
)

select
    _source as source,
    order_id,
    user_id,
    store_id,
    channel,
    employee_id,
    status,
    currency,
    {{ to_utc('ordered_at', source_timezone('storefront')) }} as ordered_at,
    {{ to_utc('paid_at', source_timezone('storefront')) }} as paid_at,
    {{ to_utc('cancelled_at', source_timezone('storefront')) }} as cancelled_at,
    {{ to_utc('promised_delivery_at', source_timezone('storefront')) }} as promised_delivery_at,
    discount_code,
    discount_amount,
    shipping_amount,
    tax_amount,
    total_amount,
    taxes_included,
    is_test,
    shipping_postal_code,
    shipping_city,
    shipping_state,
    shipping_country,
    {{ to_utc('updated_at', source_timezone('storefront')) }} as updated_at,
    is_deleted,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
