
  
  create view "shop"."staging"."base_olist__order_reviews__dbt_tmp" as (
    -- One row per review and version: every row as received.


with

received as (
    select
        _source,
        _timezone,
        review_id,
        order_id,
        review_score,
        review_comment_title,
        review_comment_message,
        review_creation_date,
        review_answer_timestamp,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."raw"."olist__order_reviews"
)

select
    _source as source,
    review_id,
    order_id,
    review_score as score,
    nullif(trim(review_comment_title), '') as title,
    nullif(trim(review_comment_message), '') as body,
    cast((review_creation_date at time zone 'America/Sao_Paulo') at time zone 'UTC' as timestamp) as created_at,
    cast((review_answer_timestamp at time zone 'America/Sao_Paulo') at time zone 'UTC' as timestamp) as answered_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
