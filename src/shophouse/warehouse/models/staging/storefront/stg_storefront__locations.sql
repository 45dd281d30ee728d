-- One row per location and version.
{{ config(enabled=uses_platform('storefront')) }}

with

locations as (
    select
        source,
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
    from {{ ref('base_storefront__locations') }}
)

select
    source,
    cast(location_id as varchar) as location_id,
    coalesce(name, cast(location_id as varchar)) as location_name,
    lower(type) as type,
    {{ geography_id('upper(country_code)', 'state', 'postal_code', 'city') }} as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from locations
