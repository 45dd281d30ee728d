-- One row per sequence of marketing channels that led to orders: the touches within the look-back, a channel that follows itself once.
-- Paths of more than eight steps end in '…'.
with

touches as (
    select
        order_key,
        touch_position,
        touch_count,
        marketing_channel,
        touch_date,
        order_date,
        is_first_order,
        lag(marketing_channel) over (partition by order_key order by touch_position) as channel_before
    from {{ ref('fct_order_touches') }}
),

steps as (
    select
        order_key,
        marketing_channel,
        row_number() over (partition by order_key order by touch_position) as step_number
    from touches
    where channel_before is null
        or channel_before <> marketing_channel
),

paths as (
    select
        order_key,
        cast(count(*) as integer) as step_count,
        max(case when step_number = 1 then marketing_channel end)
        {%- for number in range(2, 9) %}
        || coalesce(' > ' || max(case when step_number = {{ number }} then marketing_channel end), '')
        {%- endfor %}
        || case when count(*) > 8 then ' > …' else '' end as channel_path
    from steps
    group by order_key
),

journeys as (
    select
        order_key,
        touch_count,
        order_date,
        touch_date as first_touch_date,
        is_first_order
    from touches
    where touch_position = 1
),

-- In this model one touch has the whole order.
sales as (
    select
        order_key,
        net_sales_amount
    from {{ ref('fct_order_credits') }}
    where attribution_model = 'first_any'
)

select
    paths.channel_path as channel_path,
    max(paths.step_count) as step_count,
    cast(count(*) as bigint) as order_count,
    {{ sum_count('case when journeys.is_first_order then 1 else 0 end') }} as new_customer_count,
    {{ sum_money('sales.net_sales_amount') }} as net_sales_amount,
    {{ shop_currency() }} as currency_code,
    {{ ratio('sum(journeys.touch_count)', 'count(*)') }} as mean_touch_count,
    {{ ratio('sum(' ~ days('journeys.first_touch_date', 'journeys.order_date') ~ ')', 'count(*)') }} as mean_days_to_order
from paths
inner join journeys
    on paths.order_key = journeys.order_key
inner join sales
    on paths.order_key = sales.order_key
group by paths.channel_path
