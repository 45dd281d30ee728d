-- One row per touch.
{{ config(enabled=uses_platform('storefront')) }}

with

touchpoints as (
    select
        source,
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
    from {{ ref('base_storefront__touchpoints') }}
)

select
    source,
    touch_id,
    touched_at,
    lower(kind) as kind,
    visitor_id,
    cast(user_id as varchar) as customer_id,
    campaign_id,
    lower(platform) as platform,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from touchpoints
