
  
  create view "shop"."staging"."base_storefront__payments__dbt_tmp" as (
    -- One row per payment transaction and version: every row as received.


with

received as (
    select
        _source,
        _timezone,
        payment_id,
        order_id,
        kind,
        status,
        method,
        installments,
        amount,
        fee_amount,
        paid_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."raw"."storefront__payments"
)

select
    _source as source,
    payment_id,
    order_id,
    nullif(trim(kind), '') as kind,
    nullif(trim(status), '') as status,
    nullif(trim(method), '') as method,
    installments,
    amount,
    fee_amount,
    paid_at as paid_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
  );
