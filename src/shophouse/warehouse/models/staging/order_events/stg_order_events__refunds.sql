-- One row per refund and version.
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
        occurred_at,
        refund,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_order_events__order_events') }} as received
    where received.event_type = 'order_refunded'
        and {{ is_affected('received', '_load_id', 'affected_event_loads') }}
)

select
    source,
    coalesce({{ json_text('refund', 'refund_id') }}, event_id) as refund_id,
    occurred_at as refunded_at,
    {{ text_as(json_text('refund', 'amount'), 'decimal(18, 4)') }} as amount,
    order_id,
    {{ text_as(json_text('refund', 'product_amount'), 'decimal(18, 4)') }} as product_amount,
    {{ text_as(json_text('refund', 'tax_amount'), 'decimal(18, 4)') }} as tax_amount,
    {{ text_as(json_text('refund', 'shipping_amount'), 'decimal(18, 4)') }} as shipping_amount,
    lower({{ json_text('refund', 'reason') }}) as reason,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from refunded
