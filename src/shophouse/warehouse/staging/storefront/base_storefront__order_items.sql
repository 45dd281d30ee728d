
  
  create view "shop"."staging"."base_storefront__order_items__dbt_tmp" as (
    -- One row per order line and version: every row as received.


with

received as (
    select
        _source,
        order_id,
        line_number,
        product_id,
        quantity,
        unit_price,
        discount_amount,
        tax_amount,
        unit_cost,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."raw"."storefront__order_items"
)

select
    _source as source,
    order_id,
    line_number,
    product_id,
    quantity,
    unit_price,
    discount_amount,
    tax_amount,
    unit_cost,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
