-- One row per campaign and version.
{{ config(enabled=uses_platform('storefront')) }}

with

campaigns as (
    select
        source,
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
    from {{ ref('base_storefront__campaigns') }}
)

select
    source,
    campaign_id,
    name as campaign_name,
    lower(platform) as platform,
    lower(channel) as channel,
    objective,
    starts_at,
    ends_at,
    budget_amount,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from campaigns
