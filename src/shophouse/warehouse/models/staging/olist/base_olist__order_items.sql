-- One row per order line and version: every row as received.
{{ config(enabled=uses_platform('olist')) }}

with

received as (
    select
        _source,
        _timezone,
        order_id,
        order_item_id,
        product_id,
        seller_id,
        shipping_limit_date,
        price,
        freight_value,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist', 'order_items') }}
)

select
    _source as source,
    order_id,
    order_item_id as line_number,
    product_id,
    seller_id,
    {{ to_utc('shipping_limit_date', source_timezone('olist')) }} as shipping_limit_at,
    price,
    freight_value as freight_amount,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
