-- One row per customer and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _timezone,
        id,
        email,
        phone,
        first_name,
        last_name,
        created_at,
        updated_at,
        state,
        email_marketing_consent__state,
        default_address__city,
        default_address__province,
        default_address__province_code,
        default_address__country_code,
        default_address__zip,
        _dlt_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'customers') }}
)

select
    _source as source,
    id,
    {{ text_or_null('email') }} as email,
    {{ text_or_null('phone') }} as phone,
    {{ text_or_null('first_name') }} as first_name,
    {{ text_or_null('last_name') }} as last_name,
    {{ to_utc('created_at', source_timezone('shopify')) }} as created_at,
    {{ to_utc('updated_at', source_timezone('shopify')) }} as updated_at,
    {{ text_or_null('state') }} as state,
    {{ text_or_null('email_marketing_consent__state') }} as email_marketing_consent__state,
    {{ text_or_null('default_address__city') }} as default_address__city,
    {{ text_or_null('default_address__province') }} as default_address__province,
    {{ text_or_null('default_address__province_code') }} as default_address__province_code,
    {{ text_or_null('default_address__country_code') }} as default_address__country_code,
    {{ text_or_null('default_address__zip') }} as default_address__zip,
    _dlt_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
