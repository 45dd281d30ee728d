
  
  create view "shop"."staging"."stg_online_retail__categories__dbt_tmp" as (
    -- One row per category, load and file.


with

products as (
    select
        source,
        category_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from "shop"."staging"."stg_online_retail__products"
)

select
    source,
    category_id,
    category_id as category_name,
    _load_id,
    _loaded_at,
    _source_file,
    min(_row_number) as _row_number,
    'insert' as _operation
from products
group by
    source,
    category_id,
    _load_id,
    _loaded_at,
    _source_file
  );
