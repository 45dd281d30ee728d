-- One row per line of an order.
{{ config(enabled=uses_platform('order_events')) }}

with

created as (
    select
        source,
        order_id,
        items,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_order_events__created_orders') }}
)

select
    elements.source as source,
    elements.order_id as order_id,
    {{ text_as(json_text('elements.element', 'line_number'), 'integer') }} as line_number,
    {{ json_text('elements.element', 'product_id') }} as product_id,
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
    'source', 'order_id', '_load_id', '_loaded_at', '_source_file', '_row_number', '_operation'
]) }} as elements
