-- One row per payment transaction and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _timezone,
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
    from {{ source('shopify', 'transactions') }}
)

select
    _source as source,
    id,
    order_id,
    {{ text_or_null('kind') }} as kind,
    {{ text_or_null('status') }} as status,
    {{ text_or_null('gateway') }} as gateway,
    amount,
    {{ to_utc('created_at', source_timezone('shopify')) }} as created_at,
    {{ to_utc('processed_at', source_timezone('shopify')) }} as processed_at,
    test,
    _dlt_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
