-- One row per invoice with a sale, load and file.
{{ config(enabled=uses_platform('online_retail')) }}

with

invoice_lines as (
    select
        source,
        invoice_number,
        is_cancellation,
        invoiced_at,
        customer_id,
        country,
        drop_reason,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('stg_online_retail__invoice_lines') }}
)

select
    source,
    invoice_number as order_id,
    min(invoiced_at) as ordered_at,
    'completed' as status,
    'GBP' as currency_code,
    max(customer_id) as customer_id,
    max(country) as shipping_geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    min(_row_number) as _row_number,
    'insert' as _operation
from invoice_lines
where not is_cancellation
    and drop_reason is null
group by
    source,
    invoice_number,
    _load_id,
    _loaded_at,
    _source_file
