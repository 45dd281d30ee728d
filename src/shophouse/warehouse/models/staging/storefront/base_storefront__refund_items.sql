-- One row per refunded line and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        refund_id,
        order_id,
        line_number,
        product_id,
        quantity,
        amount,
        is_restocked,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'refund_items') }}
)

select
    _source as source,
    refund_id,
    order_id,
    line_number,
    product_id,
    quantity,
    amount,
    is_restocked,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
