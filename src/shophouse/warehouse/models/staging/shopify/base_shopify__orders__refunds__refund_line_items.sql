-- One row per refunded line and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _root_id,
        id,
        line_item_id,
        quantity,
        subtotal,
        total_tax,
        restock_type,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'orders__refunds__refund_line_items') }}
)

select
    _source as source,
    _root_id as root_id,
    id,
    line_item_id,
    quantity,
    subtotal,
    total_tax,
    {{ text_or_null('restock_type') }} as restock_type,
    _dlt_id,
    _dlt_parent_id,
    _dlt_list_idx,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
