-- One row per order and load, typed and cleaned: nothing joined, nothing left out.
with

orders as (
    select
        order_id,
        customer_id,
        status,
        ordered_at,
        approved_at,
        handed_to_carrier_at,
        delivered_at,
        estimated_delivery_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_olist__orders') }}
)

select
    orders.order_id as order_id,
    orders.customer_id as customer_id,
    orders.status as order_status,
    orders.ordered_at as purchased_at,
    orders.approved_at as approved_at,
    orders.handed_to_carrier_at as handed_to_carrier_at,
    orders.delivered_at as delivered_at,
    orders.estimated_delivery_at as estimated_delivery_at,
    orders._load_id as _load_id,
    orders._loaded_at as _loaded_at,
    orders._source_file as _source_file,
    orders._row_number as _row_number
from orders
