-- One row per visit: who came, through which channel, and how far. A visit without an account is of the person whom the visitor's next visit names, else the last before.
with

sessions as (
    select
        {{ surrogate_key(['source', 'session_id']) }} as session_key,
        {{ surrogate_key(['source', 'visitor_id']) }} as visitor_key,
        source,
        {{ source_of('source', 'customers') }} as customer_source,
        session_id,
        customer_id,
        started_at,
        {{ url_host('landing_url') }} as landing_host,
        {{ url_host("nullif(trim(referrer), '')") }} as referrer_host,
        {{ text_or_null('utm_source') }} as utm_source,
        {{ text_or_null('utm_medium') }} as utm_medium,
        {{ text_or_null('utm_campaign') }} as utm_campaign,
        {{ text_or_null('utm_content') }} as utm_content,
        {{ text_or_null('utm_term') }} as utm_term,
        {{ text_or_null('click_id') }} as click_id,
        device,
        country_code
    from {{ ref('input_sessions') }}
),

-- A referrer that is the shop's own host sent nobody.
origins as (
    select
        sessions.session_key as session_key,
        sessions.visitor_key as visitor_key,
        sessions.source as source,
        sessions.customer_source as customer_source,
        sessions.session_id as session_id,
        sessions.customer_id as customer_id,
        sessions.started_at as started_at,
        coalesce(
            sessions.utm_source,
            case when sessions.referrer_host = sessions.landing_host then null else sessions.referrer_host end
        ) as origin,
        case
            when sessions.utm_medium in ('(none)', '(not set)') then 'none'
            when sessions.utm_medium is not null then {{ medium_text('sessions.utm_medium') }}
            when sessions.click_id is not null then 'cpc'
            else 'none'
        end as medium,
        sessions.utm_source as utm_source,
        sessions.utm_medium as utm_medium,
        sessions.utm_campaign as utm_campaign,
        sessions.utm_content as utm_content,
        sessions.utm_term as utm_term,
        sessions.device as device,
        sessions.country_code as country_code
    from sessions
),

origin_names as (
    select distinct origin as site_name
    from origins
    where origin is not null
),

kinds as (
    {{ site_kinds_of('origin_names') | indent(4) }}
),

rules as (
    select
        site_kind,
        medium,
        marketing_channel
    from {{ ref('traffic_rules') }}
),

routed as (
    select
        origins.session_key as session_key,
        origins.visitor_key as visitor_key,
        origins.source as source,
        origins.customer_source as customer_source,
        origins.session_id as session_id,
        origins.customer_id as customer_id,
        origins.started_at as started_at,
        case
            when origins.origin in ('(direct)', 'direct') and origins.medium = 'none' then 'direct'
            when origins.origin is null and origins.medium = 'none' then 'direct'
            else coalesce(by_kind.marketing_channel, by_medium.marketing_channel, 'other')
        end as marketing_channel,
        origins.utm_source as utm_source,
        origins.utm_medium as utm_medium,
        origins.utm_campaign as utm_campaign,
        origins.utm_content as utm_content,
        origins.utm_term as utm_term,
        origins.device as device,
        origins.country_code as country_code
    from origins
    left join kinds
        on origins.origin = kinds.site_name
    left join rules as by_kind
        on kinds.site_kind = by_kind.site_kind
        and origins.medium = by_kind.medium
    left join rules as by_medium
        on origins.medium = by_medium.medium
        and by_medium.site_kind = 'any'
),

campaign_names as (
    select
        lower(campaign_id) as campaign_text,
        campaign_key,
        marketing_channel,
        1 as name_rank
    from {{ ref('dim_campaign_channel') }}
    union all
    select
        lower({{ trimmed('campaign_name') }}) as campaign_text,
        campaign_key,
        marketing_channel,
        2 as name_rank
    from {{ ref('dim_campaign_channel') }}
    where campaign_name is not null
),

ranked_names as (
    select
        campaign_text,
        campaign_key,
        marketing_channel,
        row_number() over (partition by campaign_text order by name_rank, campaign_key) as campaign_rank
    from campaign_names
),

campaigns as (
    select
        campaign_text,
        campaign_key,
        marketing_channel
    from ranked_names
    where campaign_rank = 1
),

channels as (
    select
        marketing_channel,
        is_paid,
        is_direct
    from {{ ref('marketing_channels') }}
),

-- An order that a visit names: the first one, for its person and for the visit's own column.
reached as (
    select
        session_key,
        max(step_number) as furthest_step,
        cast(count(*) as integer) as event_count,
        min(case when step_number = 5 then order_key end) as order_key
    from {{ ref('fct_events') }}
    group by session_key
),

orders as (
    select
        order_key,
        person_key
    from {{ ref('fct_orders') }}
),

customers as (
    select
        source,
        customer_id,
        customer_key,
        person_key
    from {{ ref('dim_customer') }}
),

named as (
    select
        routed.session_key as session_key,
        routed.visitor_key as visitor_key,
        routed.source as source,
        routed.session_id as session_id,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(customers.person_key, orders.person_key) as person_key,
        coalesce(orders.order_key, {{ unknown_key() }}) as order_key,
        coalesce(campaigns.campaign_key, {{ unknown_key() }}) as campaign_key,
        case when routed.marketing_channel = 'direct' then 'direct' else coalesce(campaigns.marketing_channel, routed.marketing_channel) end as marketing_channel,
        routed.started_at as started_at,
        routed.device as device,
        routed.country_code as country_code,
        routed.utm_source as utm_source,
        routed.utm_medium as utm_medium,
        routed.utm_campaign as utm_campaign,
        routed.utm_content as utm_content,
        routed.utm_term as utm_term,
        coalesce(reached.event_count, 0) as event_count,
        case when reached.furthest_step > 1 then reached.furthest_step else 1 end as furthest_step
    from routed
    left join campaigns
        on lower(routed.utm_campaign) = campaigns.campaign_text
    left join reached
        on routed.session_key = reached.session_key
    left join orders
        on reached.order_key = orders.order_key
    left join customers
        on routed.customer_source = customers.source
        and routed.customer_id = customers.customer_id
),

sequenced as (
    select
        named.session_key as session_key,
        named.visitor_key as visitor_key,
        named.person_key as person_key,
        cast(
            row_number() over (
                partition by named.visitor_key
                order by named.started_at, named.session_key
            ) as integer
        ) as visit_number,
        count(named.person_key) over (
            partition by named.visitor_key
            order by named.started_at, named.session_key
            rows between unbounded preceding and current row
        ) as person_number
    from named
),

-- The visits that name a person, counted for each visitor.
identified as (
    select
        visitor_key,
        person_number,
        person_key
    from sequenced
    where person_key is not null
),

stitched as (
    select
        sequenced.session_key as session_key,
        sequenced.visit_number as visit_number,
        coalesce(
            sequenced.person_key,
            later.person_key,
            earlier.person_key,
            {{ unknown_key() }}
        ) as person_key
    from sequenced
    left join identified as later
        on sequenced.visitor_key = later.visitor_key
        and later.person_number = case when sequenced.person_key is null then sequenced.person_number + 1 end
    left join identified as earlier
        on sequenced.visitor_key = earlier.visitor_key
        and earlier.person_number = case when sequenced.person_key is null then sequenced.person_number end
)

select
    named.session_key as session_key,
    named.source as source,
    named.session_id as session_id,
    named.visitor_key as visitor_key,
    named.customer_key as customer_key,
    stitched.person_key as person_key,
    named.order_key as order_key,
    named.campaign_key as campaign_key,
    named.marketing_channel as marketing_channel,
    channels.is_paid as is_paid,
    channels.is_direct as is_direct,
    named.started_at as started_at,
    {{ day_at_shop('named.started_at', 'started') }} as session_date,
    stitched.visit_number as visit_number,
    coalesce(named.device, 'unknown') as device,
    coalesce(named.country_code, 'unknown') as country_code,
    named.utm_source as utm_source,
    named.utm_medium as utm_medium,
    named.utm_campaign as utm_campaign,
    named.utm_content as utm_content,
    named.utm_term as utm_term,
    named.event_count as event_count,
    named.furthest_step >= 2 as has_product_view,
    named.furthest_step >= 3 as has_cart,
    named.furthest_step >= 4 as has_checkout,
    named.furthest_step >= 5 as has_order
from named
inner join stitched
    on named.session_key = stitched.session_key
inner join channels
    on named.marketing_channel = channels.marketing_channel
{{ joined_shop_offset('named.started_at', 'started') }}
