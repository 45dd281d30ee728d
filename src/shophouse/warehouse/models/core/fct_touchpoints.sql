-- One row per impression or click that is tied to no visit. Without an account it is of the person of the visitor's first visit that names one.
with

touchpoints as (
    select
        source,
        {{ source_of('source', 'customers') }} as customer_source,
        {{ source_of('source', 'campaigns') }} as campaign_source,
        {{ source_of('source', 'sessions') }} as visitor_source,
        touch_id,
        touched_at,
        kind,
        visitor_id,
        customer_id,
        campaign_id,
        coalesce(platform, source) as platform
    from {{ ref('input_touchpoints') }}
),

campaigns as (
    select
        campaign_key,
        source,
        campaign_id,
        marketing_channel
    from {{ ref('dim_campaign_channel') }}
),

platforms as (
    select distinct coalesce(platform, source) as site_name
    from {{ ref('input_touchpoints') }}
    where campaign_id is null
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
    select
        marketing_channel,
        is_paid,
        is_direct
    from {{ ref('marketing_channels') }}
),

customers as (
    select
        source,
        customer_id,
        customer_key,
        person_key
    from {{ ref('dim_customer') }}
),

-- A first visit that names nobody is of the person whom the next one names.
visits as (
    select
        visitor_key,
        person_key
    from {{ ref('fct_sessions') }}
    where visit_number = 1
        and person_key <> {{ unknown_key() }}
),

keyed as (
    select
        {{ surrogate_key(['touchpoints.source', "'touch'", 'touchpoints.touch_id']) }} as touch_key,
        touchpoints.source as source,
        touchpoints.touch_id as touch_id,
        touchpoints.kind as touch_kind,
        {{ key_or_unknown('touchpoints.visitor_source', 'touchpoints.visitor_id') }} as visitor_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        customers.person_key as person_key,
        coalesce(campaigns.campaign_key, {{ unknown_key() }}) as campaign_key,
        touchpoints.campaign_id as campaign_id,
        touchpoints.platform as platform,
        coalesce(campaigns.marketing_channel, rules.marketing_channel, 'paid_other') as marketing_channel,
        touchpoints.touched_at as touched_at
    from touchpoints
    left join campaigns
        on touchpoints.campaign_source = campaigns.source
        and touchpoints.campaign_id = campaigns.campaign_id
    left join kinds
        on touchpoints.platform = kinds.site_name
    left join rules
        on kinds.site_kind = rules.site_kind
        and rules.medium = 'cpc'
    left join customers
        on touchpoints.customer_source = customers.source
        and touchpoints.customer_id = customers.customer_id
)

select
    keyed.touch_key as touch_key,
    keyed.source as source,
    keyed.touch_id as touch_id,
    keyed.touch_kind as touch_kind,
    keyed.visitor_key as visitor_key,
    keyed.customer_key as customer_key,
    coalesce(keyed.person_key, visits.person_key, {{ unknown_key() }}) as person_key,
    keyed.campaign_key as campaign_key,
    keyed.campaign_id as campaign_id,
    keyed.platform as platform,
    keyed.marketing_channel as marketing_channel,
    channels.is_paid as is_paid,
    channels.is_direct as is_direct,
    keyed.touched_at as touched_at,
    {{ day_at_shop('keyed.touched_at', 'touched') }} as touch_date
from keyed
inner join channels
    on keyed.marketing_channel = channels.marketing_channel
left join visits
    on keyed.visitor_key = visits.visitor_key
{{ joined_shop_offset('keyed.touched_at', 'touched') }}
