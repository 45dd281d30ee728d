-- One row per campaign and day: what was spent, what it showed, and what the platform claims that it brought.
with

spend as (
    select
        source,
        {{ source_of('source', 'campaigns') }} as campaign_source,
        spend_date,
        campaign_id,
        spend_amount,
        currency_code,
        impressions,
        clicks,
        platform_conversions,
        platform_revenue
    from {{ ref('input_ad_spend') }}
),

campaigns as (
    select
        campaign_key,
        source,
        campaign_id,
        platform,
        marketing_channel
    from {{ ref('dim_campaign_channel') }}
),

rates as (
    select
        rate_date,
        from_currency,
        rate
    from {{ ref('fct_exchange_rates_daily') }}
),

final as (
    select
        spend.source as source,
        campaigns.campaign_key as campaign_key,
        spend.campaign_id as campaign_id,
        campaigns.platform as platform,
        campaigns.marketing_channel as marketing_channel,
        spend.spend_date as spend_date,
        spend.currency_code as currency_code,
        spend.spend_amount as spend_amount,
        case when spend.currency_code = {{ shop_currency() }} then cast(1 as {{ type_of('rate') }}) else rates.rate end as exchange_rate,
        coalesce(spend.impressions, 0) as impression_count,
        coalesce(spend.clicks, 0) as click_count,
        coalesce(spend.platform_conversions, 0) as claimed_order_count,
        coalesce(spend.platform_revenue, 0) as claimed_revenue_amount
    from spend
    inner join campaigns
        on spend.campaign_source = campaigns.source
        and spend.campaign_id = campaigns.campaign_id
    left join rates
        on spend.spend_date = rates.rate_date
        and spend.currency_code = rates.from_currency
)

select
    source,
    campaign_key,
    campaign_id,
    platform,
    marketing_channel,
    spend_date,
    currency_code,
    spend_amount,
    exchange_rate,
    cast(round(spend_amount * exchange_rate, 4) as {{ type_money() }}) as spend_amount_reporting,
    cast(impression_count as bigint) as impression_count,
    cast(click_count as bigint) as click_count,
    claimed_order_count,
    claimed_revenue_amount,
    cast(round(claimed_revenue_amount * exchange_rate, 4) as {{ type_money() }}) as claimed_revenue_amount_reporting
from final
