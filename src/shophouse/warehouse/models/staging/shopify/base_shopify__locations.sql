-- One row per location and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
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
    from {{ source('shopify', 'locations') }}
)

select
    _source as source,
    id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('city') }} as city,
    {{ text_or_null('province') }} as province,
    {{ text_or_null('province_code') }} as province_code,
    {{ text_or_null('country_code') }} as country_code,
    {{ text_or_null('zip') }} as zip,
    _dlt_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
