-- One row per employee and version: every row as received.
{{ config(enabled=uses_platform('grocery')) }}

with

received as (
    select
        _source,
        _timezone,
        employeeid,
        firstname,
        middleinitial,
        lastname,
        birthdate,
        gender,
        cityid,
        hiredate,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('grocery', 'employees') }}
)

select
    _source as source,
    employeeid as employee_id,
    {{ text_or_null('firstname') }} as first_name,
    {{ text_or_null('middleinitial') }} as middle_initial,
    {{ text_or_null('lastname') }} as last_name,
    cast(birthdate as date) as born_on,
    {{ text_or_null('gender') }} as gender,
    cityid as city_id,
    {{ to_utc('hiredate', source_timezone('grocery')) }} as hired_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
