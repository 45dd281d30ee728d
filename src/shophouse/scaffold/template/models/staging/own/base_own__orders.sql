-- One row per order and load, as it arrived: renamed and typed, nothing left out.
{{ config(enabled=shophouse.uses_platform('$own')) }}

select
    orders._source as source,
    trim(orders.id) as order_id,
    {{ shophouse.to_utc('orders.created', shophouse.source_timezone('$own')) }} as ordered_at,
    lower(trim(orders.state)) as status,
    upper(trim(orders.currency)) as currency_code,
    nullif(trim(orders.customer), '') as customer_id,
    orders._load_id as _load_id,
    orders._loaded_at as _loaded_at,
    orders._source_file as _source_file,
    orders._row_number as _row_number,
    orders._operation as _operation
from {{ source('$own', 'orders') }} as orders
