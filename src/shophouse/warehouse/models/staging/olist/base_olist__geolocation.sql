-- One row per point of a postal code prefix and version: every row as received.
{{ config(enabled=uses_platform('olist')) }}

with

received as (
    select
        _source,
        geolocation_zip_code_prefix,
        geolocation_lat,
        geolocation_lng,
        geolocation_city,
        geolocation_state,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist', 'geolocation') }}
)

select
    _source as source,
    lpad({{ trimmed('geolocation_zip_code_prefix') }}, 5, '0') as zip_code_prefix,
    geolocation_lat as latitude,
    geolocation_lng as longitude,
    lower({{ trimmed('geolocation_city') }}) as city,
    upper({{ trimmed('geolocation_state') }}) as state_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
