-- One row per customer and version.
{{ config(enabled=uses_platform('shopify')) }}

with

customers as (
    select
        source,
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
    from {{ ref('base_shopify__customers') }}
)

select
    source,
    cast(id as varchar) as customer_id,
    created_at,
    email,
    phone,
    first_name,
    last_name,
    lower(email_marketing_consent__state) = 'subscribed' as accepts_marketing,
    lower(state) <> 'enabled' as is_guest,
    {{ geography_id('upper(default_address__country_code)', 'default_address__province_code', 'default_address__zip', 'default_address__city') }} as geography_id,
    updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from customers
