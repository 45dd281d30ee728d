-- One row per customer that an order names.
{{ config(
    enabled=uses_platform('order_events'),
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='_load_id',
    meta={'affected': 'stg_order_events__affected_loads'}
) }}
{%- set before = as_built('staging', 'stg_order_events__customers') if is_incremental() else none %}

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
    from {{ ref('stg_order_events__events') }} as events
    where event_type = 'order_created'
        and customer_id is not null
        and {{ is_affected('events', '_load_id', 'stg_order_events__affected_loads') }}
)
{%- if before %},

-- By loads that this run does not pass on: a source's newer loads can't name a customer first whom one of these has named.
known as (
    select
        customers_before.source as source,
        customers_before.customer_id as customer_id
    from {{ before }} as customers_before
    left join {{ ref('stg_order_events__affected_loads') }} as affected_loads
        on customers_before._load_id = affected_loads._load_id
    where affected_loads._load_id is null
)
{%- endif %}

select
    ranked.source as source,
    ranked.customer_id as customer_id,
    ranked._load_id as _load_id,
    ranked._loaded_at as _loaded_at,
    ranked._source_file as _source_file,
    ranked._row_number as _row_number,
    ranked._operation as _operation
from ranked
{%- if before %}
left join known
    on ranked.source = known.source
    and ranked.customer_id = known.customer_id
{%- endif %}
where ranked.event_rank = 1{% if before %} and known.customer_id is null{% endif %}
