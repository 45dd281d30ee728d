-- One row per month of the order, marketing channel and attribution model: what each model makes of the same orders, beside what the channel cost.
with

credits as (
    select
        {{ date_trunc_date('month', 'order_date') }} as month_start_date,
        marketing_channel,
        attribution_model,
        cast(sum(credit) as decimal(28, 8)) as order_credit,
        cast(sum(case when is_first_order then credit else 0 end) as decimal(28, 8)) as new_customer_credit,
        {{ sum_money('net_sales_amount') }} as net_sales_amount
    from {{ ref('fct_order_credits') }}
    group by
        {{ date_trunc_date('month', 'order_date') }},
        marketing_channel,
        attribution_model
),

spend as (
    select
        {{ date_trunc_date('month', 'spend_date') }} as month_start_date,
        marketing_channel,
        {{ sum_money('spend_amount_reporting') }} as spend_amount
    from {{ ref('fct_ad_spend_daily') }}
    group by
        {{ date_trunc_date('month', 'spend_date') }},
        marketing_channel
),

models as (
    {%- for model in attribution_models() %}
    select '{{ model }}' as attribution_model
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

channels as (
    select
        month_start_date,
        marketing_channel
    from credits
    union
    select
        month_start_date,
        marketing_channel
    from spend
),

joined as (
    select
        channels.month_start_date as month_start_date,
        channels.marketing_channel as marketing_channel,
        models.attribution_model as attribution_model,
        coalesce(credits.order_credit, 0) as order_credit,
        coalesce(credits.new_customer_credit, 0) as new_customer_credit,
        coalesce(credits.net_sales_amount, 0) as net_sales_amount,
        coalesce(spend.spend_amount, 0) as spend_amount
    from channels
    cross join models
    left join credits
        on channels.month_start_date = credits.month_start_date
        and channels.marketing_channel = credits.marketing_channel
        and models.attribution_model = credits.attribution_model
    left join spend
        on channels.month_start_date = spend.month_start_date
        and channels.marketing_channel = spend.marketing_channel
),

compared as (
    select
        joined.month_start_date as month_start_date,
        joined.marketing_channel as marketing_channel,
        joined.attribution_model as attribution_model,
        joined.order_credit as order_credit,
        joined.new_customer_credit as new_customer_credit,
        joined.net_sales_amount as net_sales_amount,
        joined.spend_amount as spend_amount,
        sum(joined.net_sales_amount) over (partition by joined.month_start_date, joined.attribution_model) as month_net_sales_amount,
        sum(
            case when joined.attribution_model = '{{ shop_setting('attribution', 'model') }}' then joined.net_sales_amount else 0 end
        ) over (partition by joined.month_start_date, joined.marketing_channel) as chosen_net_sales_amount
    from joined
)

select
    month_start_date,
    marketing_channel,
    attribution_model,
    {{ shop_setting('attribution', 'lookback_days') }} as lookback_days,
    order_credit,
    new_customer_credit,
    net_sales_amount,
    {{ ratio('net_sales_amount', 'month_net_sales_amount') }} as net_sales_share,
    cast(net_sales_amount - chosen_net_sales_amount as {{ type_money_sum() }}) as over_chosen_amount,
    spend_amount,
    {{ shop_currency() }} as currency_code,
    {{ ratio('net_sales_amount', 'spend_amount') }} as return_on_ad_spend,
    {{ ratio('spend_amount', 'order_credit') }} as cost_per_order,
    {{ ratio('spend_amount', 'new_customer_credit') }} as cost_per_new_customer
from compared
