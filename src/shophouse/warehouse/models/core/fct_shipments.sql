-- One row per parcel. Lags are whole days between local days; null until both ends are known.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_key',
    meta={'affected': 'affected_orders'}
) }}

with

shipments as (
    select
        source,
        shipment_id,
        order_id,
        location_id,
        carrier,
        shipped_at,
        estimated_delivery_at,
        delivered_at,
        cost_amount,
        status
    from {{ affected_input('shipments', by='order_id', affected='affected_orders') }} as input_shipments
),

headers as (
    select
        source,
        order_id,
        order_key,
        person_key,
        store_key,
        geography_key,
        store_timezone,
        ordered_at,
        order_date,
        promised_delivery_at,
        currency_code,
        exchange_rate
    from {{ ref('order_headers') }}
    where {{ is_affected('order_headers', 'order_key', 'affected_orders') }}
),

-- Keys are hashed once for each location, not for each parcel.
locations as (
    select
        source,
        location_id,
        {{ surrogate_key(['source', 'location_id']) }} as location_key
    from {{ ref('input_locations') }}
),

joined as (
    select
        shipments.source as source,
        shipments.shipment_id as shipment_id,
        headers.order_key as order_key,
        headers.person_key as person_key,
        headers.store_key as store_key,
        headers.geography_key as geography_key,
        coalesce(
            locations.location_key,
            {{ key_or_unknown('shipments.source', 'shipments.location_id') }}
        ) as location_key,
        shipments.location_id as location_id,
        coalesce(shipments.carrier, 'unknown') as carrier,
        shipments.status as shipment_status,
        headers.order_date as order_date,
        shipments.shipped_at as shipped_at,
        coalesce(shipments.estimated_delivery_at, headers.promised_delivery_at) as promised_delivery_at,
        shipments.delivered_at as delivered_at,
        headers.store_timezone as store_timezone,
        headers.currency_code as currency_code,
        headers.exchange_rate as exchange_rate,
        coalesce(shipments.cost_amount, 0) as cost_amount
    from shipments
    inner join headers
        on shipments.source = headers.source
        and shipments.order_id = headers.order_id
    left join locations
        on shipments.source = locations.source
        and shipments.location_id = locations.location_id
),

dated as (
    select
        joined.source as source,
        joined.shipment_id as shipment_id,
        joined.order_key as order_key,
        joined.person_key as person_key,
        joined.store_key as store_key,
        joined.geography_key as geography_key,
        joined.location_key as location_key,
        joined.location_id as location_id,
        joined.carrier as carrier,
        joined.shipment_status as shipment_status,
        joined.order_date as order_date,
        joined.shipped_at as shipped_at,
        {{ day_at_store('joined.shipped_at', 'joined', 'shipped') }} as shipped_date,
        joined.promised_delivery_at as promised_delivery_at,
        {{ day_at_store('joined.promised_delivery_at', 'joined', 'promised') }} as promised_delivery_date,
        joined.delivered_at as delivered_at,
        {{ day_at_store('joined.delivered_at', 'joined', 'delivered') }} as delivered_date,
        joined.currency_code as currency_code,
        joined.exchange_rate as exchange_rate,
        joined.cost_amount as cost_amount
    from joined
    {{ joined_offset('joined.shipped_at', 'joined', 'shipped') }}
    {{ joined_offset('joined.promised_delivery_at', 'joined', 'promised') }}
    {{ joined_offset('joined.delivered_at', 'joined', 'delivered') }}
),

final as (
    select
        {{ surrogate_key(['dated.source', 'dated.shipment_id']) }} as shipment_key,
        dated.source as source,
        dated.shipment_id as shipment_id,
        dated.order_key as order_key,
        dated.person_key as person_key,
        dated.store_key as store_key,
        dated.geography_key as geography_key,
        dated.location_key as location_key,
        dated.location_id as location_id,
        dated.carrier as carrier,
        dated.shipment_status as shipment_status,
        dated.order_date as order_date,
        dated.shipped_at as shipped_at,
        dated.shipped_date as shipped_date,
        dated.promised_delivery_at as promised_delivery_at,
        dated.promised_delivery_date as promised_delivery_date,
        dated.delivered_at as delivered_at,
        dated.delivered_date as delivered_date,
        {{ days('dated.order_date', 'dated.shipped_date') }} as days_to_ship,
        {{ days('dated.order_date', 'dated.delivered_date') }} as days_to_deliver,
        {{ days('dated.promised_delivery_date', 'dated.delivered_date') }} as days_late,
        dated.delivered_date > dated.promised_delivery_date as is_late,
        dated.currency_code as currency_code,
        dated.exchange_rate as exchange_rate,
        dated.cost_amount as cost_amount
    from dated
)

select
    shipment_key,
    source,
    shipment_id,
    order_key,
    person_key,
    store_key,
    geography_key,
    location_key,
    location_id,
    carrier,
    shipment_status,
    order_date,
    shipped_at,
    shipped_date,
    promised_delivery_at,
    promised_delivery_date,
    delivered_at,
    delivered_date,
    days_to_ship,
    days_to_deliver,
    days_late,
    is_late,
    currency_code,
    exchange_rate,
    cost_amount
from final
