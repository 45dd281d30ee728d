-- One row per city and version: every row as received.
{{ config(enabled=uses_platform('grocery')) }}

with

received as (
    select
        _source,
        cityid,
        cityname,
        zipcode,
        countryid,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('grocery', 'cities') }}
)

select
    _source as source,
    cityid as city_id,
    {{ text_or_null('cityname') }} as city_name,
    {{ text_or_null('zipcode') }} as zip_code,
    countryid as country_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
