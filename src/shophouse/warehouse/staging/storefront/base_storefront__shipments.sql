
  
  create view "shop"."staging"."base_storefront__shipments__dbt_tmp" as (
    -- One row per parcel and version: every row as received.


with

received as (
    select
        _source,
        _timezone,
        shipment_id,
        order_id,
        carrier,
        status,
        shipped_at,
        estimated_delivery_at,
        delivered_at,
        cost_amount,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."raw"."storefront__shipments"
)

select
    _source as source,
    shipment_id,
    order_id,
    nullif(trim(carrier), '') as carrier,
    nullif(trim(status), '') as status,
    shipped_at as shipped_at,
    estimated_delivery_at as estimated_delivery_at,
    delivered_at as delivered_at,
    cost_amount,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
