-- One row per employee and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
        employee_id,
        name,
        role,
        store_id,
        gender,
        birth_date,
        hired_at,
        city,
        state,
        postal_code,
        country_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'employees') }}
)

select
    _source as source,
    employee_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('role') }} as role,
    store_id,
    {{ text_or_null('gender') }} as gender,
    birth_date,
    {{ to_utc('hired_at', source_timezone('storefront')) }} as hired_at,
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
