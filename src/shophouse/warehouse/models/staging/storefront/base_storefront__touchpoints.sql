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
    {{ text_or_null('touch_id') }} as touch_id,
    {{ to_utc('touched_at', source_timezone('storefront')) }} as touched_at,
    {{ text_or_null('kind') }} as kind,
    {{ text_or_null('visitor_id') }} as visitor_id,
    user_id,
    {{ text_or_null('campaign_id') }} as campaign_id,
    {{ text_or_null('platform') }} as platform,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
