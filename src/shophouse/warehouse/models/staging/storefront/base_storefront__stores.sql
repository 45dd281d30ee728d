-- One row per store and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
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
    from {{ source('storefront', 'stores') }}
)

select
    _source as source,
    store_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('type') }} as type,
    {{ text_or_null('timezone') }} as timezone,
    {{ text_or_null('currency') }} as currency,
    {{ text_or_null('city') }} as city,
    {{ text_or_null('state') }} as state,
    {{ text_or_null('postal_code') }} as postal_code,
    {{ text_or_null('country_code') }} as country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
