-- One row per month and platform: the orders and revenue that the platform claims, beside those that its campaigns' touches are credited with here.
with

claimed as (
    select
        {{ date_trunc_date('month', 'spend_date') }} as month_start_date,
        platform,
        {{ sum_money('spend_amount_reporting') }} as spend_amount,
        cast(sum(claimed_order_count) as {{ type_money_sum() }}) as claimed_order_count,
        {{ sum_money('claimed_revenue_amount_reporting') }} as claimed_revenue_amount
    from {{ ref('fct_ad_spend_daily') }}
    group by
        {{ date_trunc_date('month', 'spend_date') }},
        platform
),

campaigns as (
    select
        campaign_key,
        platform
    from {{ ref('dim_campaign_channel') }}
),

credits as (
    select
        {{ date_trunc_date('month', 'credits.order_date') }} as month_start_date,
        campaigns.platform as platform,
        cast(sum(credits.credit) as decimal(28, 8)) as order_credit,
        {{ sum_money('credits.net_sales_amount') }} as net_sales_amount
    from {{ ref('fct_order_credits') }} as credits
    inner join campaigns
        on credits.campaign_key = campaigns.campaign_key
    where credits.attribution_model = '{{ shop_setting('attribution', 'model') }}'
    group by
        {{ date_trunc_date('month', 'credits.order_date') }},
        campaigns.platform
),

orders as (
    select
        {{ date_trunc_date('month', 'order_date') }} as month_start_date,
        cast(sum(order_count) as bigint) as order_count
    from {{ ref('orders_by_day') }}
    group by {{ date_trunc_date('month', 'order_date') }}
)

select
    claimed.month_start_date as month_start_date,
    claimed.platform as platform,
    '{{ shop_setting('attribution', 'model') }}' as attribution_model,
    {{ shop_setting('attribution', 'lookback_days') }} as lookback_days,
    claimed.spend_amount as spend_amount,
    claimed.claimed_order_count as claimed_order_count,
    cast(coalesce(credits.order_credit, 0) as decimal(28, 8)) as order_credit,
    coalesce(orders.order_count, 0) as shop_order_count,
    claimed.claimed_revenue_amount as claimed_revenue_amount,
    cast(coalesce(credits.net_sales_amount, 0) as {{ type_money_sum() }}) as net_sales_amount,
    {{ shop_currency() }} as currency_code,
    {{ ratio('claimed.claimed_order_count', 'credits.order_credit') }} as order_overclaim_ratio,
    {{ ratio('claimed.claimed_revenue_amount', 'credits.net_sales_amount') }} as revenue_overclaim_ratio,
    {{ ratio('claimed.claimed_order_count', 'orders.order_count') }} as claimed_order_share,
    {{ ratio('claimed.claimed_revenue_amount', 'claimed.spend_amount') }} as claimed_return_on_ad_spend,
    {{ ratio('credits.net_sales_amount', 'claimed.spend_amount') }} as return_on_ad_spend
from claimed
left join credits
    on claimed.month_start_date = credits.month_start_date
    and claimed.platform = credits.platform
left join orders
    on claimed.month_start_date = orders.month_start_date
