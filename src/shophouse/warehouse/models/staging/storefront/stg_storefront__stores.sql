-- One row per store and version.
{{ config(enabled=uses_platform('storefront')) }}

with

stores as (
    select
        source,
        store_id,
        name,
        type,
        timezone,
        currency,
        city,
        state,
        postal_code,
        country_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__stores') }}
)

select
    source,
    cast(store_id as varchar) as store_id,
    coalesce(name, cast(store_id as varchar)) as store_name,
    lower(type) as type,
    timezone,
    coalesce(upper(currency), {{ shop_currency() }}) as currency_code,
    {{ geography_id('upper(country_code)', 'state', 'postal_code', 'city') }} as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from stores
