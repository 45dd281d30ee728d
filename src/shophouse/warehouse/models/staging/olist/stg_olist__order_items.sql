-- One row per order line and version.
{{ config(enabled=uses_platform('olist')) }}

with

order_items as (
    select
        source,
        order_id,
        line_number,
        product_id,
        seller_id,
        price,
        freight_amount,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_olist__order_items') }}
)

select
    source,
    order_id,
    line_number,
    product_id,
    cast(1 as decimal(18, 4)) as quantity,
    price as unit_price,
    freight_amount as shipping_amount,
    seller_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from order_items
