-- One row per place, load and file, from the addresses of accounts, orders, stores, locations, employees and sellers.
{{ config(enabled=uses_platform('storefront')) }}

with

users as (
    select
        source,
        upper(country_code) as country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_storefront__users') }}
),

orders as (
    select
        source,
        upper(shipping_country) as country_code,
        shipping_state as state,
        shipping_postal_code as postal_code,
        shipping_city as city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_storefront__orders') }}
),

stores as (
    select
        source,
        upper(country_code) as country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_storefront__stores') }}
),

locations as (
    select
        source,
        upper(country_code) as country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_storefront__locations') }}
),

employees as (
    select
        source,
        upper(country_code) as country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_storefront__employees') }}
),

sellers as (
    select
        source,
        upper(country_code) as country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_storefront__sellers') }}
),

addresses as (
    select
        source,
        country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from users
    union all
    select
        source,
        country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from orders
    union all
    select
        source,
        country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from stores
    union all
    select
        source,
        country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from locations
    union all
    select
        source,
        country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from employees
    union all
    select
        source,
        country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from sellers
),

places as (
    select
        source,
        country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        min(_row_number) as _row_number
    from addresses
    where coalesce(country_code, state, postal_code, city) is not null
    group by
        source,
        country_code,
        state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file
)

select
    source,
    {{ geography_id('country_code', 'state', 'postal_code', 'city') }} as geography_id,
    postal_code,
    city,
    case when length(state) <= 3 then upper(state) end as state_code,
    case when length(state) > 3 then state end as state,
    country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    'insert' as _operation
from places
