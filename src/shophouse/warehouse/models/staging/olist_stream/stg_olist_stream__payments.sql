-- One row per payment.
{{ config(enabled=uses_platform('olist_stream')) }}

with

events as (
    select
        source,
        order_id,
        payments,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_olist_stream__newest_events') }}
)

select
    elements.source as source,
    elements.order_id || '|' || {{ json_text('elements.element', 'payment_sequential') }} as payment_id,
    elements.order_id as order_id,
    {{ text_as(json_text('elements.element', 'payment_value'), 'decimal(18, 4)') }} as amount,
    'sale' as kind,
    lower({{ json_text('elements.element', 'payment_type') }}) as method,
    {{ text_as(json_text('elements.element', 'payment_installments'), 'integer') }} as installments,
    elements._load_id as _load_id,
    elements._loaded_at as _loaded_at,
    elements._source_file as _source_file,
    elements._row_number as _row_number,
    elements._operation as _operation
from {{ elements_of('events', 'payments', [
    'source', 'order_id', '_load_id', '_loaded_at', '_source_file', '_row_number', '_operation'
]) }} as elements
