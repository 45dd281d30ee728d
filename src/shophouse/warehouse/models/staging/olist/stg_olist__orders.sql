-- One row per order and version.
{{ config(enabled=uses_platform('olist')) }}

with

orders as (
    select
        source,
        order_id,
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
    from {{ ref('base_olist__orders') }}
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
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from orders
