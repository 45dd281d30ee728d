-- One row per payment and version: every row as received.
{{ config(enabled=uses_platform('olist')) }}

with

received as (
    select
        _source,
        order_id,
        payment_sequential,
        payment_type,
        payment_installments,
        payment_value,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist', 'order_payments') }}
)

select
    _source as source,
    order_id,
    payment_sequential,
    lower(payment_type) as method,
    payment_installments as installments,
    payment_value as amount,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
