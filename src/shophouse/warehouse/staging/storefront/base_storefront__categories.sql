
  
  create view "shop"."staging"."base_storefront__categories__dbt_tmp" as (
    -- One row per category and version: every row as received.


with

received as (
    select
        _source,
        category_id,
        name,
        parent_category_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."raw"."storefront__categories"
)

select
    _source as source,
    category_id,
    nullif(trim(name), '') as name,
    parent_category_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
