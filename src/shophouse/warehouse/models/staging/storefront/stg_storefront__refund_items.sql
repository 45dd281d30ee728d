-- One row per refunded line and version.
{{ config(enabled=uses_platform('storefront')) }}

with

refund_items as (
    select
        source,
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
    from {{ ref('base_storefront__refund_items') }}
)

select
    source,
    cast(refund_id as varchar) as refund_id,
    coalesce(cast(order_id as varchar), '') || '|' || coalesce(cast(line_number as varchar), '') || '|' || coalesce(cast(product_id as varchar), '') as refund_item_id,
    quantity,
    amount,
    cast(order_id as varchar) as order_id,
    line_number,
    cast(product_id as varchar) as product_id,
    is_restocked,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from refund_items
