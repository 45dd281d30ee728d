-- One row per refund and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _timezone,
        _root_id,
        id,
        created_at,
        processed_at,
        note,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'orders__refunds') }}
)

select
    _source as source,
    _root_id as root_id,
    id,
    {{ to_utc('created_at', source_timezone('shopify')) }} as created_at,
    {{ to_utc('processed_at', source_timezone('shopify')) }} as processed_at,
    {{ text_or_null('note') }} as note,
    _dlt_id,
    _dlt_parent_id,
    _dlt_list_idx,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
