-- One row per shipping line and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _root_id,
        id,
        title,
        discounted_price,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'orders__shipping_lines') }}
)

select
    _source as source,
    _root_id as root_id,
    id,
    {{ text_or_null('title') }} as title,
    discounted_price,
    _dlt_id,
    _dlt_parent_id,
    _dlt_list_idx,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
