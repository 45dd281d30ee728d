-- One row per fulfilment and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _timezone,
        _root_id,
        id,
        created_at,
        updated_at,
        status,
        shipment_status,
        tracking_company,
        location_id,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'orders__fulfillments') }}
)

select
    _source as source,
    _root_id as root_id,
    id,
    {{ to_utc('created_at', source_timezone('shopify')) }} as created_at,
    {{ to_utc('updated_at', source_timezone('shopify')) }} as updated_at,
    {{ text_or_null('status') }} as status,
    {{ text_or_null('shipment_status') }} as shipment_status,
    {{ text_or_null('tracking_company') }} as tracking_company,
    location_id,
    _dlt_id,
    _dlt_parent_id,
    _dlt_list_idx,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
