-- One row per customer that an order names.
{{ config(enabled=uses_platform('order_events'), materialized='table') }}

with

ranked as (
    select
        source,
        customer_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, customer_id
            order by _load_id, _source_file, _row_number
        ) as event_rank
    from {{ ref('stg_order_events__events') }}
    where event_type = 'order_created'
        and customer_id is not null
)

select
    source,
    customer_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ranked
where event_rank = 1
