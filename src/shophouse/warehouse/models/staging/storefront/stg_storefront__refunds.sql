-- One row per refund and version.
{{ config(enabled=uses_platform('storefront')) }}

with

refunds as (
    select
        source,
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
    from {{ ref('base_storefront__refunds') }}
)

select
    source,
    cast(refund_id as varchar) as refund_id,
    refunded_at,
    amount,
    cast(order_id as varchar) as order_id,
    product_amount,
    tax_amount,
    shipping_amount,
    lower(reason) as reason,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from refunds
