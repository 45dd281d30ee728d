-- One row per order that was sent.
{{ config(enabled=uses_platform('order_events')) }}

with

lives as (
    select
        source,
        order_id,
        shipped_at,
        delivered_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_order_events__order_lives') }}
),

created as (
    select
        source,
        order_id,
        channel,
        promised_delivery_at
    from {{ ref('stg_order_events__created_orders') }}
)

select
    lives.source as source,
    lives.order_id as shipment_id,
    lives.order_id as order_id,
    lives.shipped_at as shipped_at,
    created.promised_delivery_at as estimated_delivery_at,
    lives.delivered_at as delivered_at,
    case when lives.delivered_at is not null then 'delivered' else 'in_transit' end as status,
    lives._load_id as _load_id,
    lives._loaded_at as _loaded_at,
    lives._source_file as _source_file,
    lives._row_number as _row_number,
    lives._operation as _operation
from lives
inner join created
    on lives.source = created.source
    and lives.order_id = created.order_id
where coalesce(lives.shipped_at, lives.delivered_at) is not null
    and coalesce(lower(created.channel), '') <> 'store'
