-- One row per seller and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        seller_id,
        name,
        type,
        lead_time_days,
        city,
        state,
        postal_code,
        country_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'sellers') }}
)

select
    _source as source,
    seller_id,
    nullif(trim(name), '') as name,
    nullif(trim(type), '') as type,
    lead_time_days,
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
