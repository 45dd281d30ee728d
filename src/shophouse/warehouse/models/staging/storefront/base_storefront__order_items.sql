-- One row per order line and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        order_id,
        line_number,
        product_id,
        quantity,
        unit_price,
        discount_amount,
        tax_amount,
        unit_cost,
        seller_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'order_items') }}
)

select
    _source as source,
    order_id,
    line_number,
    product_id,
    quantity,
    unit_price,
    discount_amount,
    tax_amount,
    unit_cost,
    seller_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
