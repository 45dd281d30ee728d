-- One row per refunded line and version.
{{ config(
    enabled=uses_platform('order_events'),
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='_load_id',
    meta={'affected': 'affected_event_loads'}
) }}

with

refunded as (
    select
        source,
        event_id,
        order_id,
        refund,
        refund_items,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_order_events__order_events') }} as received
    where received.event_type = 'order_refunded'
        and {{ is_affected('received', '_load_id', 'affected_event_loads') }}
),

named as (
    select
        source,
        coalesce({{ json_text('refund', 'refund_id') }}, event_id) as refund_id,
        order_id,
        refund_items,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from refunded
)

select
    elements.source as source,
    elements.refund_id as refund_id,
    coalesce({{ json_text('elements.element', 'line_number') }}, '') || '|' || coalesce({{ json_text('elements.element', 'product_id') }}, '') as refund_item_id,
    {{ text_as(json_text('elements.element', 'quantity'), 'decimal(18, 4)') }} as quantity,
    {{ text_as(json_text('elements.element', 'amount'), 'decimal(18, 4)') }} as amount,
    elements.order_id as order_id,
    {{ text_as(json_text('elements.element', 'line_number'), 'integer') }} as line_number,
    {{ json_text('elements.element', 'product_id') }} as product_id,
    {{ text_as(json_text('elements.element', 'is_restocked'), 'boolean') }} as is_restocked,
    elements._load_id as _load_id,
    elements._loaded_at as _loaded_at,
    elements._source_file as _source_file,
    elements._row_number as _row_number,
    elements._operation as _operation
from {{ elements_of('named', 'refund_items', [
    'source', 'refund_id', 'order_id', '_load_id', '_loaded_at', '_source_file', '_row_number', '_operation'
]) }} as elements
