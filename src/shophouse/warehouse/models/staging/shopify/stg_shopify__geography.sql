-- One row per place, load and table.
{{ config(enabled=uses_platform('shopify'), materialized='table') }}

with

addresses as (
    select
        source,
        upper(shipping_address__country_code) as country_code,
        shipping_address__province_code as state_code,
        shipping_address__province as state,
        shipping_address__zip as postal_code,
        shipping_address__city as city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_shopify__orders') }}
    union all
    select
        source,
        upper(default_address__country_code) as country_code,
        default_address__province_code as state_code,
        default_address__province as state,
        default_address__zip as postal_code,
        default_address__city as city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_shopify__customers') }}
    union all
    select
        source,
        upper(country_code) as country_code,
        province_code as state_code,
        province as state,
        zip as postal_code,
        city as city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_shopify__locations') }}
),

places as (
    select
        source,
        {{ geography_id('country_code', 'state_code', 'postal_code', 'city') }} as geography_id,
        country_code,
        state_code,
        min(state) as state,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        min(_row_number) as _row_number,
        'insert' as _operation
    from addresses
    where coalesce(country_code, state_code, postal_code, city) is not null
    group by
        source,
        country_code,
        state_code,
        postal_code,
        city,
        _load_id,
        _loaded_at,
        _source_file
)

select
    source,
    geography_id,
    postal_code,
    city,
    state_code,
    state,
    country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from places
