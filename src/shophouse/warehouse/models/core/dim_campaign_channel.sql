-- One row per campaign that a platform describes or has spend of, with the marketing channel that it runs in. Internal: what visits, touches and spend share.
with

described as (
    select
        {{ source_of('source', 'campaigns') }} as source,
        campaign_id,
        campaign_name,
        platform,
        channel
    from {{ ref('input_campaigns') }}
),

spent as (
    select distinct
        {{ source_of('source', 'campaigns') }} as source,
        campaign_id
    from {{ ref('input_ad_spend') }}
),

touched as (
    select
        {{ source_of('source', 'campaigns') }} as source,
        campaign_id,
        min(platform) as platform
    from {{ ref('input_touchpoints') }}
    where campaign_id is not null
    group by
        {{ source_of('source', 'campaigns') }},
        campaign_id
),

named as (
    select
        source,
        campaign_id
    from described
    union
    select
        source,
        campaign_id
    from spent
    union
    select
        source,
        campaign_id
    from touched
),

campaigns as (
    select
        {{ surrogate_key(['named.source', 'named.campaign_id']) }} as campaign_key,
        named.source as source,
        named.campaign_id as campaign_id,
        described.campaign_name as campaign_name,
        coalesce(described.platform, touched.platform, named.source) as platform,
        {{ medium_text('described.channel') }} as channel
    from named
    left join described
        on named.source = described.source
        and named.campaign_id = described.campaign_id
    left join touched
        on named.source = touched.source
        and named.campaign_id = touched.campaign_id
),

platforms as (
    select distinct platform as site_name
    from campaigns
),

kinds as (
    {{ site_kinds_of('platforms') | indent(4) }}
),

rules as (
    select
        site_kind,
        medium,
        marketing_channel
    from {{ ref('traffic_rules') }}
),

channels as (
    select marketing_channel
    from {{ ref('marketing_channels') }}
)

select
    campaigns.campaign_key as campaign_key,
    campaigns.source as source,
    campaigns.campaign_id as campaign_id,
    campaigns.campaign_name as campaign_name,
    campaigns.platform as platform,
    coalesce(channels.marketing_channel, by_channel.marketing_channel, by_platform.marketing_channel, 'paid_other') as marketing_channel
from campaigns
left join channels
    on campaigns.channel = channels.marketing_channel
left join rules as by_channel
    on campaigns.channel = by_channel.medium
    and by_channel.site_kind = 'any'
left join kinds
    on campaigns.platform = kinds.site_name
left join rules as by_platform
    on kinds.site_kind = by_platform.site_kind
    and by_platform.medium = 'cpc'
