
  
  create view "shop"."staging"."base_storefront__orders__dbt_tmp" as (
    -- One row per order and version: every row as received.


with

received as (
    select
        _source,
        _timezone,
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
    from "shop"."raw"."storefront__orders"
)

select
    _source as source,
    order_id,
    user_id,
    channel,
    status,
    currency,
    ordered_at as ordered_at,
    paid_at as paid_at,
    cancelled_at as cancelled_at,
    promised_delivery_at as promised_delivery_at,
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
    updated_at as updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
