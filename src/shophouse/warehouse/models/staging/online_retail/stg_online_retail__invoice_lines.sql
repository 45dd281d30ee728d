-- One row per line of the file and version, numbered within its invoice, with what it is.
{{ config(enabled=uses_platform('online_retail'), materialized='table') }}

with

invoice_lines as (
    select
        source,
        invoice_number,
        stock_code,
        description,
        quantity,
        invoiced_at,
        unit_price,
        customer_id,
        country,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_online_retail__invoice_lines') }}
),

numbered as (
    select
        source,
        invoice_number,
        row_number() over (
            partition by source, _load_id, _source_file, invoice_number
            order by _row_number
        ) as line_number,
        substr(invoice_number, 1, 1) = 'C' as is_cancellation,
        stock_code,
        description,
        quantity,
        invoiced_at,
        unit_price,
        max(unit_price) over (partition by source, _load_id, _source_file, invoice_number) as highest_price,
        customer_id,
        country,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from invoice_lines
)

select
    source,
    invoice_number,
    cast(line_number as integer) as line_number,
    is_cancellation,
    stock_code,
    description,
    quantity,
    invoiced_at,
    unit_price,
    customer_id,
    country,
    case
        when is_cancellation and quantity >= 0 then 'cancellation without units'
        when is_cancellation then null
        when not {{ matches('invoice_number', '^[0-9]') }} then 'bad debt entry'
        when quantity < 0 then 'stock written off'
        when highest_price = 0 and customer_id is null then 'stock correction'
    end as drop_reason,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from numbered
