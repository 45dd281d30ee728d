
  
  create view "shop"."staging"."stg_olist__customer_identities__dbt_tmp" as (
    -- One row per account and version, with the person behind it.


with

customers as (
    select
        source,
        customer_id,
        customer_unique_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."staging"."base_olist__customers"
)

select
    source,
    customer_id,
    customer_unique_id as person_id,
    'source' as match_method,
    cast(1 as double precision) as confidence,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from customers
  );
