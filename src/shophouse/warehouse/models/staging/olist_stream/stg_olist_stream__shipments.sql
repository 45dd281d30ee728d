-- One row per order that was handed to a carrier.
{{ config(enabled=uses_platform('olist_stream')) }}

with

events as (
    select
        source,
        order_id,
        handed_to_carrier_at,
        delivered_at,
        estimated_delivery_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_olist_stream__newest_events') }}
)

select
    source,
    order_id as shipment_id,
    order_id,
    handed_to_carrier_at as shipped_at,
    estimated_delivery_at,
    delivered_at,
    case when delivered_at is null then 'in transit' else 'delivered' end as status,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from events
where handed_to_carrier_at is not null
    or delivered_at is not null
