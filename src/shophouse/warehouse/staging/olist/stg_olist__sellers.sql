
  
  create view "shop"."staging"."stg_olist__sellers__dbt_tmp" as (
    -- One row per seller and version.


with

sellers as (
    select
        source,
        seller_id,
        zip_code_prefix,
        city,
        state_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."staging"."base_olist__sellers"
)

select
    source,
    seller_id,
    seller_id as seller_name,
    case when coalesce('BR', state_code, zip_code_prefix, city) is not null then coalesce('BR', '') || '|' || coalesce(state_code, '') || '|' || coalesce(zip_code_prefix, '') || '|' || coalesce(city, '') end as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from sellers
  );
