-- One row per line of each event that tells of an order's creation, all versions.
{{ config(
    enabled=uses_platform('order_events'),
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='_load_id',
    meta={'affected': 'affected_event_loads'}
) }}

with

created as (
    select
        received.source as source,
        received.order_id as order_id,
        received.occurred_at as occurred_at,
        received.items as items,
        received._load_id as _load_id,
        received._loaded_at as _loaded_at,
        received._source_file as _source_file,
        received._row_number as _row_number,
        received._operation as _operation
    from {{ ref('base_order_events__order_events') }} as received
    where received.event_type = 'order_created'
        and {{ is_affected('received', '_load_id', 'affected_event_loads') }}
)

select
    elements.source as source,
    elements.order_id as order_id,
    elements.occurred_at as occurred_at,
    {{ text_as(json_text('elements.element', 'line_number'), 'integer') }} as line_number,
    {{ json_text('elements.element', 'product_id') }} as product_id,
    {{ json_text('elements.element', 'product_name') }} as product_name,
    {{ text_as(json_text('elements.element', 'is_gift_card'), 'boolean') }} as is_gift_card,
    {{ text_as(json_text('elements.element', 'quantity'), 'decimal(18, 4)') }} as quantity,
    {{ text_as(json_text('elements.element', 'unit_price'), 'decimal(18, 4)') }} as unit_price,
    {{ text_as(json_text('elements.element', 'discount_amount'), 'decimal(18, 4)') }} as discount_amount,
    {{ text_as(json_text('elements.element', 'tax_amount'), 'decimal(18, 4)') }} as tax_amount,
    {{ text_as(json_text('elements.element', 'unit_cost'), 'decimal(18, 4)') }} as unit_cost,
    {{ json_text('elements.element', 'seller_id') }} as seller_id,
    elements._load_id as _load_id,
    elements._loaded_at as _loaded_at,
    elements._source_file as _source_file,
    elements._row_number as _row_number,
    elements._operation as _operation
from {{ elements_of('created', 'items', [
    'source', 'order_id', 'occurred_at', '_load_id', '_loaded_at', '_source_file', '_row_number', '_operation'
]) }} as elements
