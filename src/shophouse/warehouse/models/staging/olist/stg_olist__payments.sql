-- One row per payment and version.
{{ config(enabled=uses_platform('olist')) }}

with

order_payments as (
    select
        source,
        order_id,
        payment_sequential,
        method,
        installments,
        amount,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_olist__order_payments') }}
)

select
    source,
    order_id || '|' || cast(payment_sequential as varchar) as payment_id,
    order_id,
    amount,
    'sale' as kind,
    method,
    installments,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from order_payments
