-- One row per order and version.
{{ config(enabled=uses_platform('storefront')) }}

with

orders as (
    select
        source,
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
    from {{ ref('base_storefront__orders') }}
)

select
    source,
    cast(order_id as varchar) as order_id,
    ordered_at,
    lower({{ trimmed('status') }}) as status,
    coalesce(upper(currency), {{ shop_currency() }}) as currency_code,
    cast(user_id as varchar) as customer_id,
    cast(store_id as varchar) as store_id,
    lower({{ trimmed('channel') }}) as channel,
    cast(employee_id as varchar) as employee_id,
    paid_at,
    cancelled_at,
    promised_delivery_at,
    discount_amount,
    shipping_amount,
    tax_amount,
    total_amount,
    taxes_included,
    {{ geography_id('upper(shipping_country)', 'shipping_state', 'shipping_postal_code', 'shipping_city') }} as shipping_geography_id,
    is_test,
    {{ text_or_null('discount_code') }} as discount_code,
    updated_at,
    is_deleted,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from orders
