-- One row per customer and version: every row as received.
{{ config(enabled=uses_platform('grocery')) }}

with

received as (
    select
        _source,
        customerid,
        firstname,
        middleinitial,
        lastname,
        cityid,
        address,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('grocery', 'customers') }}
)

select
    _source as source,
    customerid as customer_id,
    {{ text_or_null('firstname') }} as first_name,
    {{ text_or_null('middleinitial') }} as middle_initial,
    {{ text_or_null('lastname') }} as last_name,
    cityid as city_id,
    {{ text_or_null('address') }} as address,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
