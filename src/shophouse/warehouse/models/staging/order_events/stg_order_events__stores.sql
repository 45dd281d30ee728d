-- One row per store and change of its name or zone.
{{ config(
    enabled=uses_platform('order_events'),
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='store_id',
    meta={'affected': 'stg_order_events__affected_stores'}
) }}

with

created as (
    select
        source,
        store_id,
        store_name,
        store_timezone,
        currency,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_order_events__events') }} as events
    where event_type = 'order_created'
        and store_id is not null
        and {{ is_affected('events', 'store_id', 'stg_order_events__affected_stores') }}
),

told as (
    select
        source,
        store_id,
        coalesce(store_name, store_id) as store_name,
        coalesce(store_timezone, {{ shop_timezone() }}) as timezone,
        coalesce(upper(currency), {{ shop_currency() }}) as currency_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from created
),

compared as (
    select
        source,
        store_id,
        store_name,
        timezone,
        currency_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        lag(store_name || '|' || timezone) over (
            partition by source, store_id
            order by _load_id, _source_file, _row_number
        ) as told_before
    from told
)

select
    source,
    store_id,
    store_name,
    timezone,
    currency_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from compared
where told_before is null
    or told_before <> store_name || '|' || timezone
