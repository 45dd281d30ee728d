-- One row per refund and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
        refund_id,
        order_id,
        amount,
        product_amount,
        tax_amount,
        shipping_amount,
        reason,
        refunded_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'refunds') }}
)

select
    _source as source,
    refund_id,
    order_id,
    amount,
    product_amount,
    tax_amount,
    shipping_amount,
    {{ text_or_null('reason') }} as reason,
    {{ to_utc('refunded_at', source_timezone('storefront')) }} as refunded_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
