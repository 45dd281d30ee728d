-- One row per cancellation line and version.
{{ config(enabled=uses_platform('online_retail')) }}

with

cancellations as (
    select
        source,
        refund_id,
        refund_item_id,
        stock_code,
        quantity,
        unit_price,
        order_id,
        order_line_number,
        drop_reason,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_online_retail__matched_cancellations') }}
)

select
    source,
    refund_id,
    refund_item_id,
    cast(quantity as decimal(18, 4)) as quantity,
    cast(quantity * unit_price as decimal(18, 4)) as amount,
    order_id,
    order_line_number as line_number,
    stock_code as product_id,
    drop_reason,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from cancellations
