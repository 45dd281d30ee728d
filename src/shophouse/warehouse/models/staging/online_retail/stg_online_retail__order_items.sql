-- One row per line and version that is no cancellation.
{{ config(enabled=uses_platform('online_retail')) }}

with

invoice_lines as (
    select
        source,
        invoice_number,
        line_number,
        is_cancellation,
        stock_code,
        quantity,
        unit_price,
        drop_reason,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_online_retail__invoice_lines') }}
)

select
    source,
    invoice_number as order_id,
    line_number,
    stock_code as product_id,
    cast(quantity as decimal(18, 4)) as quantity,
    unit_price,
    drop_reason,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from invoice_lines
where not is_cancellation
