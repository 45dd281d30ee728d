-- One row per account and version.
{{ config(enabled=uses_platform('storefront')) }}

with

users as (
    select
        source,
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
    from {{ ref('base_storefront__users') }}
)

select
    source,
    cast(user_id as varchar) as customer_id,
    created_at,
    email,
    phone,
    first_name,
    last_name,
    accepts_marketing,
    is_guest,
    {{ geography_id('upper(country_code)', 'state', 'postal_code', 'city') }} as geography_id,
    updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from users
