-- One row per share of a discount and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _root_id,
        amount,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'orders__line_items__discount_allocations') }}
)

select
    _source as source,
    _root_id as root_id,
    amount,
    _dlt_id,
    _dlt_parent_id,
    _dlt_list_idx,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
