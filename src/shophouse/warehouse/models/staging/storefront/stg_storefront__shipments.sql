-- One row per parcel and version.
{{ config(enabled=uses_platform('storefront')) }}

with

shipments as (
    select
        source,
        shipment_id,
        order_id,
        location_id,
        carrier,
        status,
        shipped_at,
        estimated_delivery_at,
        delivered_at,
        cost_amount,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__shipments') }}
)

select
    source,
    cast(shipment_id as varchar) as shipment_id,
    cast(order_id as varchar) as order_id,
    cast(location_id as varchar) as location_id,
    carrier,
    shipped_at,
    estimated_delivery_at,
    delivered_at,
    cost_amount,
    lower(status) as status,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from shipments
