-- One row per sale.
{{ config(enabled=uses_platform('grocery')) }}

with

sales as (
    select
        source,
        sale_id,
        employee_id,
        customer_id,
        sold_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_grocery__sales') }}
)

select
    source,
    cast(sale_id as varchar) as order_id,
    sold_at as ordered_at,
    'completed' as status,
    {{ shop_currency() }} as currency_code,
    cast(customer_id as varchar) as customer_id,
    'store' as channel,
    cast(employee_id as varchar) as employee_id,
    sold_at as paid_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from sales
