
  
  create view "shop"."staging"."base_storefront__refunds__dbt_tmp" as (
    -- One row per refund and version: every row as received.


with

received as (
    select
        _source,
        _timezone,
        refund_id,
        order_id,
        amount,
        product_amount,
        tax_amount,
        shipping_amount,
        reason,
        refunded_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."raw"."storefront__refunds"
)

select
    _source as source,
    refund_id,
    order_id,
    amount,
    product_amount,
    tax_amount,
    shipping_amount,
    nullif(trim(reason), '') as reason,
    refunded_at as refunded_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
