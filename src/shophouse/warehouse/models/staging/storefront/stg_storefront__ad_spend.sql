-- One row per campaign and day and version.
{{ config(enabled=uses_platform('storefront')) }}

with

ad_spend as (
    select
        source,
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
    from {{ ref('base_storefront__ad_spend') }}
)

select
    source,
    spend_date,
    campaign_id,
    spend_amount,
    coalesce(upper(currency), {{ shop_currency() }}) as currency_code,
    impressions,
    clicks,
    platform_conversions,
    platform_revenue,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ad_spend
