-- One row per month and marketing channel: visits, what they cost, and what they brought by the shop's attribution model, by the day of the order.
with

sessions as (
    select
        {{ date_trunc_date('month', 'session_date') }} as month_start_date,
        marketing_channel,
        cast(count(*) as bigint) as session_count,
        cast(count(distinct visitor_key) as bigint) as visitor_count,
        {{ sum_count('case when visit_number = 1 then 1 else 0 end') }} as new_visitor_count,
        {{ sum_count('case when has_order then 1 else 0 end') }} as order_session_count
    from {{ ref('fct_sessions') }}
    group by
        {{ date_trunc_date('month', 'session_date') }},
        marketing_channel
),

spend as (
    select
        {{ date_trunc_date('month', 'spend_date') }} as month_start_date,
        marketing_channel,
        {{ sum_money('spend_amount_reporting') }} as spend_amount,
        {{ sum_count('impression_count') }} as impression_count,
        {{ sum_count('click_count') }} as click_count
    from {{ ref('fct_ad_spend_daily') }}
    group by
        {{ date_trunc_date('month', 'spend_date') }},
        marketing_channel
),

credits as (
    select
        {{ date_trunc_date('month', 'order_date') }} as month_start_date,
        marketing_channel,
        cast(sum(credit) as decimal(28, 8)) as order_credit,
        cast(sum(case when is_first_order then credit else 0 end) as decimal(28, 8)) as new_customer_credit,
        {{ sum_money('net_sales_amount') }} as net_sales_amount
    from {{ ref('fct_order_credits') }}
    where attribution_model = '{{ shop_setting('attribution', 'model') }}'
    group by
        {{ date_trunc_date('month', 'order_date') }},
        marketing_channel
),

months as (
    select
        month_start_date,
        marketing_channel
    from sessions
    union
    select
        month_start_date,
        marketing_channel
    from spend
    union
    select
        month_start_date,
        marketing_channel
    from credits
),

channels as (
    select
        marketing_channel,
        is_paid
    from {{ ref('marketing_channels') }}
)

select
    months.month_start_date as month_start_date,
    months.marketing_channel as marketing_channel,
    channels.is_paid as is_paid,
    '{{ shop_setting('attribution', 'model') }}' as attribution_model,
    {{ shop_setting('attribution', 'lookback_days') }} as lookback_days,
    coalesce(sessions.session_count, 0) as session_count,
    coalesce(sessions.visitor_count, 0) as visitor_count,
    coalesce(sessions.new_visitor_count, 0) as new_visitor_count,
    coalesce(sessions.order_session_count, 0) as order_session_count,
    {{ ratio('sessions.order_session_count', 'sessions.session_count') }} as session_order_rate,
    coalesce(spend.impression_count, 0) as impression_count,
    coalesce(spend.click_count, 0) as click_count,
    cast(coalesce(spend.spend_amount, 0) as {{ type_money_sum() }}) as spend_amount,
    cast(coalesce(credits.order_credit, 0) as decimal(28, 8)) as order_credit,
    cast(coalesce(credits.new_customer_credit, 0) as decimal(28, 8)) as new_customer_credit,
    cast(coalesce(credits.net_sales_amount, 0) as {{ type_money_sum() }}) as net_sales_amount,
    {{ shop_currency() }} as currency_code,
    {{ ratio('spend.click_count', 'spend.impression_count') }} as click_through_rate,
    {{ ratio('spend.spend_amount', 'spend.click_count') }} as cost_per_click,
    {{ ratio('credits.net_sales_amount', 'spend.click_count') }} as revenue_per_click,
    {{ ratio('1000 * credits.net_sales_amount', 'spend.impression_count') }} as revenue_per_thousand,
    {{ ratio('credits.net_sales_amount', 'spend.spend_amount') }} as return_on_ad_spend,
    {{ ratio('spend.spend_amount', 'credits.net_sales_amount') }} as ad_spend_share,
    {{ ratio('spend.spend_amount', 'credits.order_credit') }} as cost_per_order,
    {{ ratio('spend.spend_amount', 'credits.new_customer_credit') }} as cost_per_new_customer
from months
inner join channels
    on months.marketing_channel = channels.marketing_channel
left join sessions
    on months.month_start_date = sessions.month_start_date
    and months.marketing_channel = sessions.marketing_channel
left join spend
    on months.month_start_date = spend.month_start_date
    and months.marketing_channel = spend.marketing_channel
left join credits
    on months.month_start_date = credits.month_start_date
    and months.marketing_channel = credits.marketing_channel
