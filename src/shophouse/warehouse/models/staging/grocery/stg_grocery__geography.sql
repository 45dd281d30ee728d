-- One row per city and version.
{{ config(enabled=uses_platform('grocery')) }}

with

cities as (
    select
        source,
        city_id,
        city_name,
        zip_code,
        country_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_grocery__cities') }}
),

countries as (
    select
        source,
        country_id,
        country_name,
        row_number() over (
            partition by source, country_id
            order by _load_id desc, _source_file desc, _row_number desc
        ) as newest
    from {{ ref('base_grocery__countries') }}
)

select
    cities.source as source,
    cast(cities.city_id as varchar) as geography_id,
    cities.zip_code as postal_code,
    cities.city_name as city,
    countries.country_name as country,
    cities._load_id as _load_id,
    cities._loaded_at as _loaded_at,
    cities._source_file as _source_file,
    cities._row_number as _row_number,
    cities._operation as _operation
from cities
left join countries
    on cities.source = countries.source
    and cities.country_id = countries.country_id
    and countries.newest = 1
