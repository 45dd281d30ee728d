-- One row per campaign and day and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        spend_date,
        campaign_id,
        spend_amount,
        currency,
        impressions,
        clicks,
        platform_conversions,
        platform_revenue,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'ad_spend') }}
)

select
    _source as source,
    spend_date,
    {{ text_or_null('campaign_id') }} as campaign_id,
    spend_amount,
    {{ text_or_null('currency') }} as currency,
    impressions,
    clicks,
    platform_conversions,
    platform_revenue,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
