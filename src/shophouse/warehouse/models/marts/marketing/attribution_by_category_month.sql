-- One row per month of the order, marketing channel and category: the net sales that the channel's touches are credited with by the shop's attribution model.
-- An order of several channels and categories is split by the channels' credit. What rounding leaves goes to its largest category,
-- so that a channel's categories sum to what it is credited with.
with

credits as (
    select
        order_key,
        marketing_channel,
        {{ date_trunc_date('month', 'order_date') }} as month_start_date,
        cast(sum(credit) as decimal(18, 8)) as credit,
        cast(sum(net_sales_amount) as {{ type_money() }}) as net_sales_amount
    from {{ ref('fct_order_credits') }}
    where attribution_model = '{{ shop_setting('attribution', 'model') }}'
    group by
        order_key,
        marketing_channel,
        {{ date_trunc_date('month', 'order_date') }}
),

-- Only these need sharing out: one channel alone has each category's net sales as they are.
shared_orders as (
    select order_key
    from credits
    group by order_key
    having count(*) > 1
),

lines as (
    select
        order_key,
        product_key,
        net_sales_amount_reporting
    from {{ ref('fct_sales_ledger') }}
    where event_kind <> 'charge'
        and order_key in (select credits.order_key from credits)
),

products as (
    select
        product_key,
        category_key
    from {{ ref('dim_product') }}
),

categories as (
    select
        category_key,
        category_name,
        category_path,
        root_category_name
    from {{ ref('dim_category') }}
),

sales as (
    select
        lines.order_key as order_key,
        coalesce(products.category_key, {{ unknown_key() }}) as category_key,
        cast(sum(lines.net_sales_amount_reporting) as {{ type_money() }}) as net_sales_amount
    from lines
    left join products
        on lines.product_key = products.product_key
    group by
        lines.order_key,
        coalesce(products.category_key, {{ unknown_key() }})
),

whole as (
    select
        credits.month_start_date as month_start_date,
        credits.marketing_channel as marketing_channel,
        sales.category_key as category_key,
        sales.net_sales_amount as net_sales_amount
    from credits
    inner join sales
        on credits.order_key = sales.order_key
    left join shared_orders
        on credits.order_key = shared_orders.order_key
    where shared_orders.order_key is null
),

rounded as (
    select
        credits.order_key as order_key,
        credits.month_start_date as month_start_date,
        credits.marketing_channel as marketing_channel,
        sales.category_key as category_key,
        credits.net_sales_amount as credited_amount,
        cast(credits.credit * sales.net_sales_amount as {{ type_money() }}) as net_sales_amount,
        row_number() over (
            partition by credits.order_key, credits.marketing_channel
            order by abs(sales.net_sales_amount) desc, sales.category_key
        ) as category_rank
    from credits
    inner join shared_orders
        on credits.order_key = shared_orders.order_key
    inner join sales
        on credits.order_key = sales.order_key
),

shared as (
    select
        rounded.month_start_date as month_start_date,
        rounded.marketing_channel as marketing_channel,
        rounded.category_key as category_key,
        rounded.net_sales_amount
        + case
            when rounded.category_rank = 1
                then rounded.credited_amount - sum(rounded.net_sales_amount) over (partition by rounded.order_key, rounded.marketing_channel)
            else 0
        end as net_sales_amount
    from rounded
),

stacked as (
    select
        month_start_date,
        marketing_channel,
        category_key,
        net_sales_amount
    from whole
    union all
    select
        month_start_date,
        marketing_channel,
        category_key,
        net_sales_amount
    from shared
),

summed as (
    select
        month_start_date,
        marketing_channel,
        category_key,
        {{ sum_money('net_sales_amount') }} as net_sales_amount
    from stacked
    group by
        month_start_date,
        marketing_channel,
        category_key
)

select
    summed.month_start_date as month_start_date,
    summed.marketing_channel as marketing_channel,
    summed.category_key as category_key,
    coalesce(categories.category_name, 'unknown') as category_name,
    coalesce(categories.category_path, 'unknown') as category_path,
    coalesce(categories.root_category_name, 'unknown') as root_category_name,
    '{{ shop_setting('attribution', 'model') }}' as attribution_model,
    {{ shop_setting('attribution', 'lookback_days') }} as lookback_days,
    summed.net_sales_amount as net_sales_amount,
    {{ ratio('summed.net_sales_amount', 'sum(summed.net_sales_amount) over (partition by summed.month_start_date, summed.marketing_channel)') }} as channel_share_rate,
    {{ shop_currency() }} as currency_code
from summed
left join categories
    on summed.category_key = categories.category_key
