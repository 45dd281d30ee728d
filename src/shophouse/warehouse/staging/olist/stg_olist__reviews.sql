
  
  create view "shop"."staging"."stg_olist__reviews__dbt_tmp" as (
    -- One row per review, order and version.


with

order_reviews as (
    select
        source,
        review_id,
        order_id,
        score,
        title,
        body,
        created_at,
        answered_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."staging"."base_olist__order_reviews"
)

select
    source,
    review_id,
    order_id,
    score,
    created_at,
    answered_at,
    title,
    body,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from order_reviews
  );
