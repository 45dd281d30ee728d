-- One row per country and version: every row as received.
{{ config(enabled=uses_platform('grocery')) }}

with

received as (
    select
        _source,
        countryid,
        countryname,
        countrycode,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('grocery', 'countries') }}
)

select
    _source as source,
    countryid as country_id,
    {{ text_or_null('countryname') }} as country_name,
    {{ text_or_null('countrycode') }} as country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
