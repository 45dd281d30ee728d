-- One row per payment and version.
{{ config(
    enabled=uses_platform('order_events'),
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='_load_id',
    meta={'affected': 'affected_event_loads'}
) }}

with

order_events as (
    select
        source,
        order_id,
        occurred_at,
        payments,
        _timezone,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_order_events__order_events') }} as received
    where received.payments is not null
        and {{ is_affected('received', '_load_id', 'affected_event_loads') }}
)

select
    elements.source as source,
    {{ json_text('elements.element', 'payment_id') }} as payment_id,
    elements.order_id as order_id,
    {{ text_as(json_text('elements.element', 'amount'), 'decimal(18, 4)') }} as amount,
    coalesce({{ to_utc(text_as(json_text('elements.element', 'paid_at'), 'timestamp'), source_timezone('order_events')) }}, elements.occurred_at) as paid_at,
    lower(trim({{ json_text('elements.element', 'kind') }})) as kind,
    lower(trim({{ json_text('elements.element', 'status') }})) as status,
    lower(trim({{ json_text('elements.element', 'method') }})) as method,
    {{ text_as(json_text('elements.element', 'installments'), 'integer') }} as installments,
    {{ text_as(json_text('elements.element', 'fee_amount'), 'decimal(18, 4)') }} as fee_amount,
    elements._load_id as _load_id,
    elements._loaded_at as _loaded_at,
    elements._source_file as _source_file,
    elements._row_number as _row_number,
    elements._operation as _operation
from {{ elements_of('order_events', 'payments', [
    'source', 'order_id', 'occurred_at', '_timezone', '_load_id', '_loaded_at', '_source_file', '_row_number', '_operation'
]) }} as elements
