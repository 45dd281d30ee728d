-- One row per order and load, in the terms of the input contract.
{{ config(enabled=shophouse.uses_platform('$own')) }}

select
    orders.source as source,
    orders.order_id as order_id,
    orders.ordered_at as ordered_at,
    orders.status as status,
    orders.currency_code as currency_code,
    orders.customer_id as customer_id,
    orders._load_id as _load_id,
    orders._loaded_at as _loaded_at,
    orders._source_file as _source_file,
    orders._row_number as _row_number,
    orders._operation as _operation
from {{ ref('base_${own}__orders') }} as orders
