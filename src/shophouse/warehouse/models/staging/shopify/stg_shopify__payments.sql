-- One row per payment transaction and version.
{{ config(enabled=uses_platform('shopify')) }}

with

transactions as (
    select
        source,
        id,
        order_id,
        kind,
        status,
        gateway,
        amount,
        created_at,
        processed_at,
        test,
        _dlt_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_shopify__transactions') }}
)

select
    source,
    cast(id as varchar) as payment_id,
    cast(order_id as varchar) as order_id,
    amount,
    coalesce(processed_at, created_at) as paid_at,
    case when lower(kind) = 'emv_authorization' then 'authorization' else lower(kind) end as kind,
    lower(status) as status,
    lower(gateway) as method,
    case
        when lower(kind) = 'change' then 'change given at a till'
        when test then 'test transaction'
    end as drop_reason,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from transactions
