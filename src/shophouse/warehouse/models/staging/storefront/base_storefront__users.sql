-- One row per account and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
        user_id,
        email,
        phone,
        first_name,
        last_name,
        city,
        state,
        postal_code,
        country_code,
        accepts_marketing,
        is_guest,
        created_at,
        updated_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'users') }}
)

select
    _source as source,
    user_id,
    {{ text_or_null('email') }} as email,
    {{ text_or_null('phone') }} as phone,
    {{ text_or_null('first_name') }} as first_name,
    {{ text_or_null('last_name') }} as last_name,
    {{ text_or_null('city') }} as city,
    {{ text_or_null('state') }} as state,
    {{ text_or_null('postal_code') }} as postal_code,
    {{ text_or_null('country_code') }} as country_code,
    accepts_marketing,
    is_guest,
    {{ to_utc('created_at', source_timezone('storefront')) }} as created_at,
    {{ to_utc('updated_at', source_timezone('storefront')) }} as updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
