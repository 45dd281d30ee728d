-- One row per subscription and version.
{{ config(enabled=uses_platform('storefront')) }}

with

subscriptions as (
    select
        source,
        subscription_id,
        user_id,
        product_id,
        billing_interval,
        price,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__subscriptions') }}
)

select
    source,
    cast(subscription_id as varchar) as subscription_id,
    cast(user_id as varchar) as customer_id,
    cast(product_id as varchar) as product_id,
    lower(billing_interval) as billing_interval,
    price,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from subscriptions
