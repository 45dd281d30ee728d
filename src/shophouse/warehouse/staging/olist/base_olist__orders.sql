
  
  create view "shop"."staging"."base_olist__orders__dbt_tmp" as (
    -- One row per order and version: every row as received.


with

received as (
    select
        _source,
        _timezone,
        order_id,
        customer_id,
        order_status,
        order_purchase_timestamp,
        order_approved_at,
        order_delivered_carrier_date,
        order_delivered_customer_date,
        order_estimated_delivery_date,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."raw"."olist__orders"
)

select
    _source as source,
    order_id,
    customer_id,
    lower(trim(order_status)) as status,
    cast((order_purchase_timestamp at time zone 'America/Sao_Paulo') at time zone 'UTC' as timestamp) as ordered_at,
    cast((order_approved_at at time zone 'America/Sao_Paulo') at time zone 'UTC' as timestamp) as approved_at,
    cast((order_delivered_carrier_date at time zone 'America/Sao_Paulo') at time zone 'UTC' as timestamp) as handed_to_carrier_at,
    cast((order_delivered_customer_date at time zone 'America/Sao_Paulo') at time zone 'UTC' as timestamp) as delivered_at,
    cast((order_estimated_delivery_date at time zone 'America/Sao_Paulo') at time zone 'UTC' as timestamp) as estimated_delivery_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
