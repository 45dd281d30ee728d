-- One row per sale: every row as received.
{{ config(enabled=uses_platform('grocery')) }}

with

received as (
    select
        _source,
        _timezone,
        salesid,
        salespersonid,
        customerid,
        productid,
        quantity,
        discount,
        totalprice,
        salesdate,
        transactionnumber,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('grocery', 'sales') }}
)

select
    _source as source,
    salesid as sale_id,
    salespersonid as employee_id,
    customerid as customer_id,
    productid as product_id,
    quantity,
    discount as discount_rate,
    totalprice as total_price,
    {{ to_utc('salesdate', source_timezone('grocery')) }} as sold_at,
    {{ text_or_null('transactionnumber') }} as transaction_number,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
