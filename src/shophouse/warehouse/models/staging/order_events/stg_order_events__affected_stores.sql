-- One row per store of which an event of these loads says something else than its newest row does, or is not newer. Empty in a full run.
{{ config(enabled=uses_platform('order_events'), schema='changes', materialized='table') }}
{%- set before = as_built('staging', 'stg_order_events__stores') %}

with

named as (
    select
        events.source as source,
        events.store_id as store_id,
        coalesce(events.store_name, events.store_id) as store_name,
        coalesce(events.store_timezone, {{ shop_timezone() }}) as timezone,
        events._load_id as _load_id,
        events._source_file as _source_file,
        events._row_number as _row_number
    from {{ ref('stg_order_events__events') }} as events
    inner join {{ ref('stg_order_events__affected_loads') }} as affected_loads
        on events._load_id = affected_loads._load_id
    where events.event_type = 'order_created'
        and events.store_id is not null
        and {{ passes_changes_on() }}
)
{%- if before %},

ranked as (
    select
        stores_before.source as source,
        stores_before.store_id as store_id,
        stores_before.store_name as store_name,
        stores_before.timezone as timezone,
        stores_before._load_id as _load_id,
        stores_before._source_file as _source_file,
        stores_before._row_number as _row_number,
        row_number() over (
            partition by stores_before.source, stores_before.store_id
            order by stores_before._load_id desc, stores_before._source_file desc, stores_before._row_number desc
        ) as news_rank
    from {{ before }} as stores_before
),

known as (
    select
        source,
        store_id,
        store_name,
        timezone,
        _load_id,
        _source_file,
        _row_number
    from ranked
    where news_rank = 1
)
{%- endif %}

select distinct named.store_id as store_id
from named
{%- if before %}
left join known
    on named.source = known.source
    and named.store_id = known.store_id
    and named.store_name = known.store_name
    and named.timezone = known.timezone
    and (
        named._load_id > known._load_id
        or (
            named._load_id = known._load_id
            and named._source_file = known._source_file
            and named._row_number = known._row_number
        )
    )
where known.store_id is null
{%- endif %}
