-- One row per order that any event names: what its newest event says. Of rows that name no order, each stands for itself.
{{ config(enabled=uses_platform('olist_stream')) }}

with

ranked as (
    select
        source,
        occurred_at,
        order_id,
        customer_id,
        status,
        ordered_at,
        approved_at,
        handed_to_carrier_at,
        delivered_at,
        estimated_delivery_at,
        customer,
        items,
        payments,
        reviews,
        _timezone,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, order_id
            order by coalesce(occurred_at, _loaded_at) desc, _load_id desc, _source_file desc, _row_number desc
        ) as event_rank
    from {{ ref('base_olist_stream__raw_orders') }}
)

select
    source,
    occurred_at,
    order_id,
    customer_id,
    status,
    ordered_at,
    approved_at,
    handed_to_carrier_at,
    delivered_at,
    estimated_delivery_at,
    customer,
    items,
    payments,
    reviews,
    _timezone,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ranked
where event_rank = 1
    or order_id is null
