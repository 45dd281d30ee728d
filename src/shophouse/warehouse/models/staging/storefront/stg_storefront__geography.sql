-- One row per place, load and file, from the addresses of accounts, orders, stores, locations, employees and sellers.
{{ config(enabled=uses_platform('storefront'), materialized='table') }}

with

addresses as (
    {%- for table in ['users', 'orders', 'stores', 'locations', 'employees', 'sellers'] %}
    {%- set of = 'shipping_' if table == 'orders' else '' %}
    select
        source,
        upper({{ 'shipping_country' if table == 'orders' else 'country_code' }}) as country_code,
        {{ of }}state as state,
        {{ of }}postal_code as postal_code,
        {{ of }}city as city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_storefront__' ~ table) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
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
