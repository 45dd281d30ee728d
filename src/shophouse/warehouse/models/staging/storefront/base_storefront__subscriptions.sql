-- One row per subscription and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
        subscription_id,
        user_id,
        product_id,
        billing_interval,
        price,
        started_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'subscriptions') }}
)

select
    _source as source,
    subscription_id,
    user_id,
    product_id,
    {{ text_or_null('billing_interval') }} as billing_interval,
    price,
    {{ to_utc('started_at', source_timezone('storefront')) }} as started_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
