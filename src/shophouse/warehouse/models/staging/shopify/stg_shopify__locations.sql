-- One row per location and version.
{{ config(enabled=uses_platform('shopify')) }}

with

locations as (
    select
        source,
        id,
        name,
        city,
        province,
        province_code,
        country_code,
        zip,
        _dlt_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_shopify__locations') }}
)

select
    source,
    cast(id as varchar) as location_id,
    coalesce(name, cast(id as varchar)) as location_name,
    {{ geography_id('upper(country_code)', 'province_code', 'zip', 'city') }} as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from locations
