-- One row per campaign and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
        campaign_id,
        name,
        platform,
        channel,
        objective,
        starts_at,
        ends_at,
        budget_amount,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'campaigns') }}
)

select
    _source as source,
    {{ text_or_null('campaign_id') }} as campaign_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('platform') }} as platform,
    {{ text_or_null('channel') }} as channel,
    {{ text_or_null('objective') }} as objective,
    {{ to_utc('starts_at', source_timezone('storefront')) }} as starts_at,
    {{ to_utc('ends_at', source_timezone('storefront')) }} as ends_at,
    budget_amount,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
