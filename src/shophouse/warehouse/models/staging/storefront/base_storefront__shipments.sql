-- One row per parcel and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
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
    from {{ source('storefront', 'shipments') }}
)

select
    _source as source,
    shipment_id,
    order_id,
    location_id,
    {{ text_or_null('carrier') }} as carrier,
    {{ text_or_null('status') }} as status,
    {{ to_utc('shipped_at', source_timezone('storefront')) }} as shipped_at,
    {{ to_utc('estimated_delivery_at', source_timezone('storefront')) }} as estimated_delivery_at,
    {{ to_utc('delivered_at', source_timezone('storefront')) }} as delivered_at,
    cost_amount,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
