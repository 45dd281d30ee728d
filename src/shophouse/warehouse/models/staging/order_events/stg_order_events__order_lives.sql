-- One row per order that any event names.
{{ config(
    enabled=uses_platform('order_events'),
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_id',
    meta={'affected': 'affected_event_orders'}
) }}

with

order_events as (
    select
        source,
        order_id,
        event_type,
        occurred_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_order_events__events') }} as events
    where order_id is not null
        and {{ is_affected('events', 'order_id', 'affected_event_orders') }}
),

ranked as (
    select
        source,
        order_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, order_id
            order by _load_id desc, _source_file desc, _row_number desc
        ) as news_rank
    from order_events
),

moments as (
    select
        source,
        order_id,
        max(case when event_type = 'order_paid' then occurred_at end) as paid_at,
        max(case when event_type = 'order_shipped' then occurred_at end) as shipped_at,
        max(case when event_type = 'order_delivered' then occurred_at end) as delivered_at,
        max(case when event_type = 'order_cancelled' then occurred_at end) as cancelled_at,
        max(occurred_at) as updated_at
    from order_events
    group by
        source,
        order_id
)

select
    ranked.source as source,
    ranked.order_id as order_id,
    moments.paid_at as paid_at,
    moments.shipped_at as shipped_at,
    moments.delivered_at as delivered_at,
    moments.cancelled_at as cancelled_at,
    moments.updated_at as updated_at,
    ranked._load_id as _load_id,
    ranked._loaded_at as _loaded_at,
    ranked._source_file as _source_file,
    ranked._row_number as _row_number,
    ranked._operation as _operation
from ranked
left join moments
    on ranked.source = moments.source
    and ranked.order_id = moments.order_id
where ranked.news_rank = 1
