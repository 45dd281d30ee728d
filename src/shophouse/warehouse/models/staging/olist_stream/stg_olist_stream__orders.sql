-- One row per order.
{{ config(enabled=uses_platform('olist_stream')) }}

with

events as (
    select
        source,
        order_id,
        occurred_at,
        customer_id,
        status,
        ordered_at,
        approved_at,
        estimated_delivery_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_olist_stream__newest_events') }}
)

select
    source,
    order_id,
    ordered_at,
    status,
    'BRL' as currency_code,
    customer_id,
    approved_at as paid_at,
    estimated_delivery_at as promised_delivery_at,
    occurred_at as updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from events
