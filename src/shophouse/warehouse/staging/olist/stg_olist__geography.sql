
  
  create view "shop"."staging"."stg_olist__geography__dbt_tmp" as (
    -- One row per place, load and file, from the addresses of accounts and sellers.


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
    from "shop"."staging"."base_olist__customers"
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
    from "shop"."staging"."base_olist__sellers"
),

points as (
    select
        source,
        zip_code_prefix,
        latitude,
        longitude,
        _load_id,
        _source_file
    from "shop"."staging"."base_olist__geolocation"
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

-- Summed as decimals: a mean of doubles depends on the order in which an engine adds them up.
centres as (
    select
        source,
        zip_code_prefix,
        (cast(sum(cast(latitude as decimal(18, 8))) as double precision) / nullif(cast(count(latitude) as double precision), 0)) as latitude,
        (cast(sum(cast(longitude as decimal(18, 8))) as double precision) / nullif(cast(count(longitude) as double precision), 0)) as longitude,
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
    case when coalesce('BR', places.state_code, places.zip_code_prefix, places.city) is not null then coalesce('BR', '') || '|' || coalesce(places.state_code, '') || '|' || coalesce(places.zip_code_prefix, '') || '|' || coalesce(places.city, '') end as geography_id,
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
  );
