-- One row per order line and version.
{{ config(enabled=uses_platform('storefront')) }}

with

order_items as (
    select
        source,
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
    from {{ ref('base_storefront__order_items') }}
)

select
    source,
    cast(order_id as varchar) as order_id,
    line_number,
    cast(product_id as varchar) as product_id,
    quantity,
    unit_price,
    discount_amount,
    tax_amount,
    unit_cost,
    cast(seller_id as varchar) as seller_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from order_items
