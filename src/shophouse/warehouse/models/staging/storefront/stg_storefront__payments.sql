-- One row per payment transaction and version.
{{ config(enabled=uses_platform('storefront')) }}

with

payments as (
    select
        source,
        payment_id,
        order_id,
        kind,
        status,
        method,
        installments,
        amount,
        fee_amount,
        paid_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__payments') }}
)

select
    source,
    cast(payment_id as varchar) as payment_id,
    cast(order_id as varchar) as order_id,
    amount,
    paid_at,
    coalesce(lower(kind), 'sale') as kind,
    lower(status) as status,
    lower(method) as method,
    installments,
    fee_amount,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from payments
