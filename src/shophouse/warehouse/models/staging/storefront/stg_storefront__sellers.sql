-- One row per seller and version.
{{ config(enabled=uses_platform('storefront')) }}

with

sellers as (
    select
        source,
        seller_id,
        name,
        type,
        lead_time_days,
        city,
        state,
        postal_code,
        country_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__sellers') }}
)

select
    source,
    cast(seller_id as varchar) as seller_id,
    coalesce(name, cast(seller_id as varchar)) as seller_name,
    lower(type) as type,
    {{ geography_id('upper(country_code)', 'state', 'postal_code', 'city') }} as geography_id,
    lead_time_days,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from sellers
