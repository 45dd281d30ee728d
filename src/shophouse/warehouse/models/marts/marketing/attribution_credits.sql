-- One row per valid order, touch and attribution model that gives the touch a part of the order.
with

credits as (
    select
        order_key,
        touch_key,
        attribution_model,
        touch_kind,
        campaign_key,
        marketing_channel,
        touch_date,
        order_date,
        is_first_order,
        touch_position,
        touch_count,
        credit,
        currency_code,
        net_sales_amount
    from {{ ref('fct_order_credits') }}
),

campaigns as (
    select
        campaign_key,
        campaign_name
    from {{ ref('dim_campaign') }}
)

select
    credits.order_key as order_key,
    credits.touch_key as touch_key,
    credits.attribution_model as attribution_model,
    credits.touch_kind as touch_kind,
    credits.marketing_channel as marketing_channel,
    credits.campaign_key as campaign_key,
    campaigns.campaign_name as campaign_name,
    credits.touch_date as touch_date,
    credits.order_date as order_date,
    credits.touch_position as touch_position,
    credits.touch_count as touch_count,
    credits.is_first_order as is_first_order,
    credits.credit as credit,
    credits.currency_code as currency_code,
    credits.net_sales_amount as net_sales_amount
from credits
inner join campaigns
    on credits.campaign_key = campaigns.campaign_key
