-- One row per month and campaign with spend, visits or credited orders: what it showed, cost and brought by the shop's attribution model, by the day of the order.
with

spend as (
    select
        {{ date_trunc_date('month', 'spend_date') }} as month_start_date,
        campaign_key,
        {{ sum_money('spend_amount_reporting') }} as spend_amount,
        {{ sum_count('impression_count') }} as impression_count,
        {{ sum_count('click_count') }} as click_count,
        cast(sum(claimed_order_count) as {{ type_money_sum() }}) as claimed_order_count,
        {{ sum_money('claimed_revenue_amount_reporting') }} as claimed_revenue_amount
    from {{ ref('fct_ad_spend_daily') }}
    group by
        {{ date_trunc_date('month', 'spend_date') }},
        campaign_key
),

sessions as (
    select
        {{ date_trunc_date('month', 'session_date') }} as month_start_date,
        campaign_key,
        cast(count(*) as bigint) as session_count
    from {{ ref('fct_sessions') }}
    where campaign_key <> {{ unknown_key() }}
    group by
        {{ date_trunc_date('month', 'session_date') }},
        campaign_key
),

credits as (
    select
        {{ date_trunc_date('month', 'order_date') }} as month_start_date,
        campaign_key,
        cast(sum(credit) as decimal(28, 8)) as order_credit,
        cast(sum(case when is_first_order then credit else 0 end) as decimal(28, 8)) as new_customer_credit,
        {{ sum_money('net_sales_amount') }} as net_sales_amount
    from {{ ref('fct_order_credits') }}
    where attribution_model = '{{ shop_setting('attribution', 'model') }}'
        and campaign_key <> {{ unknown_key() }}
    group by
        {{ date_trunc_date('month', 'order_date') }},
        campaign_key
),

months as (
    select
        month_start_date,
        campaign_key
    from spend
    union
    select
        month_start_date,
        campaign_key
    from sessions
    union
    select
        month_start_date,
        campaign_key
    from credits
),

campaigns as (
    select
        campaign_key,
        campaign_id,
        coalesce(campaign_name, campaign_id) as campaign_name,
        platform,
        marketing_channel
    from {{ ref('dim_campaign_channel') }}
)

select
    months.month_start_date as month_start_date,
    months.campaign_key as campaign_key,
    campaigns.campaign_id as campaign_id,
    campaigns.campaign_name as campaign_name,
    campaigns.platform as platform,
    campaigns.marketing_channel as marketing_channel,
    '{{ shop_setting('attribution', 'model') }}' as attribution_model,
    {{ shop_setting('attribution', 'lookback_days') }} as lookback_days,
    coalesce(spend.impression_count, 0) as impression_count,
    coalesce(spend.click_count, 0) as click_count,
    coalesce(sessions.session_count, 0) as session_count,
    cast(coalesce(spend.spend_amount, 0) as {{ type_money_sum() }}) as spend_amount,
    cast(coalesce(credits.order_credit, 0) as decimal(28, 8)) as order_credit,
    cast(coalesce(credits.new_customer_credit, 0) as decimal(28, 8)) as new_customer_credit,
    cast(coalesce(credits.net_sales_amount, 0) as {{ type_money_sum() }}) as net_sales_amount,
    cast(coalesce(spend.claimed_order_count, 0) as {{ type_money_sum() }}) as claimed_order_count,
    cast(coalesce(spend.claimed_revenue_amount, 0) as {{ type_money_sum() }}) as claimed_revenue_amount,
    {{ shop_currency() }} as currency_code,
    {{ ratio('spend.click_count', 'spend.impression_count') }} as click_through_rate,
    {{ ratio('credits.order_credit', 'spend.click_count') }} as click_order_rate,
    {{ ratio('spend.spend_amount', 'spend.click_count') }} as cost_per_click,
    {{ ratio('1000 * spend.spend_amount', 'spend.impression_count') }} as cost_per_thousand,
    {{ ratio('credits.net_sales_amount', 'spend.click_count') }} as revenue_per_click,
    {{ ratio('1000 * credits.net_sales_amount', 'spend.impression_count') }} as revenue_per_thousand,
    {{ ratio('credits.net_sales_amount', 'spend.spend_amount') }} as return_on_ad_spend,
    {{ ratio('spend.spend_amount', 'credits.order_credit') }} as cost_per_order,
    {{ ratio('spend.spend_amount', 'credits.new_customer_credit') }} as cost_per_new_customer
from months
inner join campaigns
    on months.campaign_key = campaigns.campaign_key
left join spend
    on months.month_start_date = spend.month_start_date
    and months.campaign_key = spend.campaign_key
left join sessions
    on months.month_start_date = sessions.month_start_date
    and months.campaign_key = sessions.campaign_key
left join credits
    on months.month_start_date = credits.month_start_date
    and months.campaign_key = credits.campaign_key
