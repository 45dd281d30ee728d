-- One row per order line.
{{ config(enabled=uses_platform('olist_stream')) }}

with

events as (
    select
        source,
        order_id,
        items,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_olist_stream__newest_events') }}
)

select
    elements.source as source,
    elements.order_id as order_id,
    {{ text_as(json_text('elements.element', 'order_item_id'), 'integer') }} as line_number,
    {{ json_text('elements.element', 'product_id') }} as product_id,
    cast(1 as decimal(18, 4)) as quantity,
    {{ text_as(json_text('elements.element', 'price'), 'decimal(18, 4)') }} as unit_price,
    {{ text_as(json_text('elements.element', 'freight_value'), 'decimal(18, 4)') }} as shipping_amount,
    {{ json_text('elements.element', 'seller_id') }} as seller_id,
    elements._load_id as _load_id,
    elements._loaded_at as _loaded_at,
    elements._source_file as _source_file,
    elements._row_number as _row_number,
    elements._operation as _operation
from {{ elements_of('events', 'items', [
    'source', 'order_id', '_load_id', '_loaded_at', '_source_file', '_row_number', '_operation'
]) }} as elements
