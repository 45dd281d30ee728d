-- One row per order and version.
{{ config(enabled=uses_platform('storefront')) }}

with

orders as (
    select
        source,
        order_id,
        user_id,
        channel,
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
        is_test,
        shipping_postal_code,
        shipping_city,
        shipping_state,
        shipping_country,
        updated_at,
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
    lower(trim(status)) as status,
    coalesce(upper(currency), {{ shop_currency() }}) as currency_code,
    cast(user_id as varchar) as customer_id,
    lower(trim(channel)) as channel,
    paid_at,
    cancelled_at,
    promised_delivery_at,
    discount_amount,
    shipping_amount,
    tax_amount,
    total_amount,
    {{ geography_id('upper(shipping_country)', 'shipping_state', 'shipping_postal_code', 'shipping_city') }} as shipping_geography_id,
    is_test,
    nullif(trim(discount_code), '') as discount_code,
    updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from orders
