
  
  create view "shop"."staging"."base_olist__category_translation__dbt_tmp" as (
    -- One row per category and version: every row as received.


with

received as (
    select
        _source,
        product_category_name,
        product_category_name_english,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."raw"."olist__category_translation"
)

select
    _source as source,
    lower(trim(product_category_name)) as category_name,
    lower(trim(product_category_name_english)) as category_name_english,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
