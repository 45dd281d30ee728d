-- One row per account, with the person behind it.
{{ config(enabled=uses_platform('olist_stream')) }}

with

accounts as (
    select
        source,
        customer_id,
        {{ json_text('customer', 'customer_unique_id') }} as customer_unique_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_olist_stream__raw_orders') }}
    where event_type = 'order_created'
),

ranked as (
    select
        source,
        customer_id,
        customer_unique_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, customer_id
            order by _load_id, _source_file, _row_number
        ) as mention_rank
    from accounts
    where customer_id is not null
)

select
    source,
    customer_id,
    customer_unique_id as person_id,
    'source' as match_method,
    cast(1 as double precision) as confidence,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ranked
where mention_rank = 1
