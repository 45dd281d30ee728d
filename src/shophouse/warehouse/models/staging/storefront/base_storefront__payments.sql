-- One row per payment transaction and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
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
    from {{ source('storefront', 'payments') }}
)

select
    _source as source,
    payment_id,
    order_id,
    {{ text_or_null('kind') }} as kind,
    {{ text_or_null('status') }} as status,
    {{ text_or_null('method') }} as method,
    installments,
    amount,
    fee_amount,
    {{ to_utc('paid_at', source_timezone('storefront')) }} as paid_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
