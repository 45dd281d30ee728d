-- One row per event and version, without the documents in it.
{{ config(
    enabled=uses_platform('order_events'),
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='_load_id',
    meta={'affected': 'affected_event_loads'}
) }}

select
    received.source as source,
    received.event_id as event_id,
    received.event_type as event_type,
    received.occurred_at as occurred_at,
    received.sent_at as sent_at,
    received.order_id as order_id,
    received.customer_id as customer_id,
    received.store_id as store_id,
    received.store_name as store_name,
    received.store_timezone as store_timezone,
    received.channel as channel,
    received.currency as currency,
    received.taxes_included as taxes_included,
    received.is_test as is_test,
    received.promised_delivery_at as promised_delivery_at,
    received.discount_code as discount_code,
    received.discount_amount as discount_amount,
    received.shipping_amount as shipping_amount,
    received.shipping_tax_amount as shipping_tax_amount,
    received.total_amount as total_amount,
    received._load_id as _load_id,
    received._loaded_at as _loaded_at,
    received._source_file as _source_file,
    received._row_number as _row_number,
    received._operation as _operation
from {{ ref('base_order_events__order_events') }} as received
where {{ is_affected('received', '_load_id', 'affected_event_loads') }}
