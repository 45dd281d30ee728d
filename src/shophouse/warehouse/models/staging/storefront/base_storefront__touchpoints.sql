-- One row per touch: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
        touch_id,
        touched_at,
        kind,
        visitor_id,
        user_id,
        campaign_id,
        platform,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'touchpoints') }}
)

select
    _source as source,
    nullif(trim(touch_id), '') as touch_id,
    {{ to_utc('touched_at', source_timezone('storefront')) }} as touched_at,
    nullif(trim(kind), '') as kind,
    nullif(trim(visitor_id), '') as visitor_id,
    user_id,
    nullif(trim(campaign_id), '') as campaign_id,
    nullif(trim(platform), '') as platform,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
