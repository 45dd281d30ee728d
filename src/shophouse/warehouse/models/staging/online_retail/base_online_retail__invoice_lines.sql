-- One row per line of the file and version: every row as received.
{{ config(enabled=uses_platform('online_retail')) }}

with

received as (
    select
        _source,
        _timezone,
        invoiceno,
        stockcode,
        description,
        quantity,
        invoicedate,
        unitprice,
        customerid,
        country,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('online_retail', 'invoice_lines') }}
)

select
    _source as source,
    upper({{ trimmed('invoiceno') }}) as invoice_number,
    upper({{ trimmed('stockcode') }}) as stock_code,
    {{ text_or_null('description') }} as description,
    quantity,
    {{ to_utc('invoicedate', source_timezone('online_retail')) }} as invoiced_at,
    unitprice as unit_price,
    {{ text_or_null('customerid') }} as customer_id,
    {{ text_or_null('country') }} as country,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
