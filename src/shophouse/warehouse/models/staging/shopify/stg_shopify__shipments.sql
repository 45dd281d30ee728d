-- One row per fulfilment and version.
{{ config(enabled=uses_platform('shopify')) }}

with

fulfillments as (
    select
        source,
        root_id,
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
    from {{ ref('base_shopify__orders__fulfillments') }}
)

select
    source,
    cast(id as varchar) as shipment_id,
    cast(root_id as varchar) as order_id,
    cast(location_id as varchar) as location_id,
    tracking_company as carrier,
    created_at as shipped_at,
    case when lower(shipment_status) = 'delivered' then updated_at end as delivered_at,
    coalesce(lower(shipment_status), lower(status)) as status,
    case when lower(status) in ('cancelled', 'error', 'failure') then 'fulfilment was ' || lower(status) end as drop_reason,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from fulfillments
