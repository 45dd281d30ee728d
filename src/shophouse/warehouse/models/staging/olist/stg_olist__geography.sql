-- One row per place, load and file, from the addresses of accounts and sellers.
{{ config(enabled=uses_platform('olist'), materialized='table') }}

with

customers as (
    select
        source,
        state_code,
        zip_code_prefix,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_olist__customers') }}
),

sellers as (
    select
        source,
        state_code,
        zip_code_prefix,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_olist__sellers') }}
),

points as (
    select
        source,
        zip_code_prefix,
        latitude,
        longitude,
        _load_id,
        _source_file
    from {{ ref('base_olist__geolocation') }}
),

addresses as (
    select
        source,
        state_code,
        zip_code_prefix,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from customers
    union all
    select
        source,
        state_code,
        zip_code_prefix,
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
        state_code,
        zip_code_prefix,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        min(_row_number) as _row_number
    from addresses
    where coalesce(state_code, zip_code_prefix, city) is not null
    group by
        source,
        state_code,
        zip_code_prefix,
        city,
        _load_id,
        _loaded_at,
        _source_file
),

-- Summed as whole hundred-millionths of a degree: a mean of doubles depends on the order in which an engine adds them up.
centres as (
    select
        source,
        zip_code_prefix,
        {{ ratio('sum(cast(floor(latitude * 100000000 + 0.5) as decimal(18, 0)))', 'count(latitude) * 100000000') }} as latitude,
        {{ ratio('sum(cast(floor(longitude * 100000000 + 0.5) as decimal(18, 0)))', 'count(longitude) * 100000000') }} as longitude,
        row_number() over (
            partition by source, zip_code_prefix
            order by _load_id desc nulls last, _source_file desc nulls last
        ) as version_rank
    from points
    group by
        source,
        zip_code_prefix,
        _load_id,
        _source_file
)

select
    places.source as source,
    {{ geography_id("'BR'", 'places.state_code', 'places.zip_code_prefix', 'places.city') }} as geography_id,
    places.zip_code_prefix as postal_code,
    places.city as city,
    places.state_code as state_code,
    'BR' as country_code,
    centres.latitude as latitude,
    centres.longitude as longitude,
    places._load_id as _load_id,
    places._loaded_at as _loaded_at,
    places._source_file as _source_file,
    places._row_number as _row_number,
    'insert' as _operation
from places
left join centres
    on places.source = centres.source
    and places.zip_code_prefix = centres.zip_code_prefix
    and centres.version_rank = 1
