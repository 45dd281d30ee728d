-- One row per location and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        location_id,
        name,
        type,
        city,
        state,
        postal_code,
        country_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'locations') }}
)

select
    _source as source,
    location_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('type') }} as type,
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
