-- One row per order whose creation was told: its newest contents.
{{ config(
    enabled=uses_platform('order_events'),
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_id',
    meta={'affected': 'affected_event_orders'}
) }}

with

ranked as (
    select
        source,
        occurred_at,
        order_id,
        customer_id,
        store_id,
        store_name,
        store_timezone,
        channel,
        currency,
        taxes_included,
        is_test,
        promised_delivery_at,
        discount_code,
        discount_amount,
        shipping_amount,
        shipping_tax_amount,
        total_amount,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, order_id
            order by occurred_at desc nulls last, _load_id desc, _source_file desc, _row_number desc
        ) as event_rank
    from {{ ref('stg_order_events__events') }} as events
    where event_type = 'order_created'
        and order_id is not null
        and {{ is_affected('events', 'order_id', 'affected_event_orders') }}
)

select
    source,
    occurred_at,
    order_id,
    customer_id,
    store_id,
    store_name,
    store_timezone,
    channel,
    currency,
    taxes_included,
    is_test,
    promised_delivery_at,
    discount_code,
    discount_amount,
    shipping_amount,
    shipping_tax_amount,
    total_amount,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ranked
where event_rank = 1
