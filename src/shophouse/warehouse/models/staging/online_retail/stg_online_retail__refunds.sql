-- One row per cancellation and order taken back, load and file.
{{ config(enabled=uses_platform('online_retail')) }}

with

cancellations as (
    select
        source,
        refund_id,
        order_id,
        quantity,
        unit_price,
        invoiced_at,
        drop_reason,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('stg_online_retail__matched_cancellations') }}
)

select
    source,
    refund_id,
    min(invoiced_at) as refunded_at,
    cast(sum(quantity * unit_price) as decimal(18, 4)) as amount,
    max(order_id) as order_id,
    cast(sum(quantity * unit_price) as decimal(18, 4)) as product_amount,
    'GBP' as currency_code,
    _load_id,
    _loaded_at,
    _source_file,
    min(_row_number) as _row_number,
    'insert' as _operation
from cancellations
where drop_reason is null
group by
    source,
    refund_id,
    _load_id,
    _loaded_at,
    _source_file
