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
    nullif(trim(firstname), '') as first_name,
    nullif(trim(middleinitial), '') as middle_initial,
    nullif(trim(lastname), '') as last_name,
    cityid as city_id,
    nullif(trim(address), '') as address,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
