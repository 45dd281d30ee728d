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
    nullif(trim(name), '') as name,
    nullif(trim(type), '') as type,
    nullif(trim(city), '') as city,
    nullif(trim(state), '') as state,
    nullif(trim(postal_code), '') as postal_code,
    nullif(trim(country_code), '') as country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
