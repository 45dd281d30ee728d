-- One row per day: net sales and every cost, each positive where it lowers the profit. What both profit and loss reports sum.
with

sales as (
    select
        event_date,
        store_key,
        channel_key,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        net_sales_amount,
        shipping_amount
    from {{ ref('sales_by_day') }}
),

orders as (
    select
        order_date,
        store_key,
        channel_key,
        order_count,
        item_count
    from {{ ref('orders_by_day') }}
),

refund_items as (
    select
        store_key,
        channel_key,
        refunded_date,
        quantity
    from {{ ref('fct_refund_items') }}
    where is_sale
),

refunds as (
    select
        store_key,
        channel_key,
        refunded_date
    from {{ ref('fct_refunds') }}
    where is_sale
),

goods as (
    select
        event_date as date_day,
        {{ sum_money('cost_amount_reporting') }} as cost_amount,
        {{ sum_money('uncosted_amount_reporting') }} as uncosted_amount
    from {{ ref('fct_goods_costs') }}
    group by event_date
),

channels as (
    select
        channel_key,
        lower(channel) as channel
    from {{ ref('dim_channel') }}
),

stores as (
    select
        store_key,
        lower(store_id) as store_id,
        lower(store_name) as store_name
    from {{ ref('dim_store') }}
),

-- What cost rules are multiplied by.
driven as (
    select
        orders.order_date as date_day,
        orders.store_key as store_key,
        orders.channel_key as channel_key,
        cast(orders.order_count as {{ type_money_sum() }}) as order_count,
        orders.item_count as item_count,
        cast(0 as {{ type_money_sum() }}) as net_sales_amount,
        cast(0 as {{ type_money_sum() }}) as refund_count,
        cast(0 as {{ type_money_sum() }}) as returned_count
    from orders
    union all
    select
        sales.event_date as date_day,
        sales.store_key as store_key,
        sales.channel_key as channel_key,
        cast(0 as {{ type_money_sum() }}) as order_count,
        cast(0 as {{ type_money_sum() }}) as item_count,
        sales.net_sales_amount as net_sales_amount,
        cast(0 as {{ type_money_sum() }}) as refund_count,
        cast(0 as {{ type_money_sum() }}) as returned_count
    from sales
    union all
    select
        refunds.refunded_date as date_day,
        refunds.store_key as store_key,
        refunds.channel_key as channel_key,
        cast(0 as {{ type_money_sum() }}) as order_count,
        cast(0 as {{ type_money_sum() }}) as item_count,
        cast(0 as {{ type_money_sum() }}) as net_sales_amount,
        cast(1 as {{ type_money_sum() }}) as refund_count,
        cast(0 as {{ type_money_sum() }}) as returned_count
    from refunds
    union all
    select
        refund_items.refunded_date as date_day,
        refund_items.store_key as store_key,
        refund_items.channel_key as channel_key,
        cast(0 as {{ type_money_sum() }}) as order_count,
        cast(0 as {{ type_money_sum() }}) as item_count,
        cast(0 as {{ type_money_sum() }}) as net_sales_amount,
        cast(0 as {{ type_money_sum() }}) as refund_count,
        refund_items.quantity as returned_count
    from refund_items
),

drivers as (
    select
        driven.date_day as date_day,
        channels.channel as channel,
        stores.store_id as store_id,
        stores.store_name as store_name,
        sum(driven.order_count) as order_count,
        sum(driven.item_count) as item_count,
        sum(driven.net_sales_amount) as net_sales_amount,
        sum(driven.refund_count) as refund_count,
        sum(driven.returned_count) as returned_count
    from driven
    left join channels
        on driven.channel_key = channels.channel_key
    left join stores
        on driven.store_key = stores.store_key
    where {% if has_entity('costs') %}1 = 1{% else %}1 = 0{% endif %}
    group by
        driven.date_day,
        channels.channel,
        stores.store_id,
        stores.store_name
),

rules as (
    select
        cost_date,
        profit_and_loss_line,
        basis,
        scope,
        amount,
        period_amount
    from {{ ref('fct_costs_daily') }}
),

ruled as (
    select
        rules.cost_date as date_day,
        rules.profit_and_loss_line as cost_line,
        rules.period_amount as cost_amount
    from rules
    where rules.basis = 'period'
    union all
    select
        rules.cost_date as date_day,
        rules.profit_and_loss_line as cost_line,
        cast(
            round(
                cast(rules.amount as decimal(14, 4)) * cast(
                    case
                        when rules.basis = 'percent' then drivers.net_sales_amount
                        when rules.basis = 'order' and rules.profit_and_loss_line = 'returns_handling' then drivers.refund_count
                        when rules.basis = 'order' then drivers.order_count
                        when rules.profit_and_loss_line = 'returns_handling' then drivers.returned_count
                        else drivers.item_count
                    end as {{ type_money() }}
                ) * case when rules.basis = 'percent' then cast(0.01 as decimal(3, 2)) else cast(1 as decimal(3, 2)) end,
                4
            ) as {{ type_money() }}
        ) as cost_amount
    from rules
    inner join drivers
        on rules.cost_date = drivers.date_day
        and (rules.scope is null or rules.scope in (drivers.channel, drivers.store_id, drivers.store_name))
    where rules.basis <> 'period'
),

-- Millions of rows are summed by day alone, before they are spread over the lines of the report.
costs as (
    select
        date_day,
        'goods' as cost_line,
        cost_amount
    from goods
    union all
    select
        coalesce(shipped_date, order_date) as date_day,
        'shipping' as cost_line,
        {{ sum_money(in_reporting('cost_amount')) }} as cost_amount
    from {{ ref('fct_shipments') }}
    group by coalesce(shipped_date, order_date)
    union all
    select
        paid_date as date_day,
        'payment_fee' as cost_line,
        {{ sum_money(in_reporting('fee_amount')) }} as cost_amount
    from {{ ref('fct_payments') }}
    where fee_amount <> 0
    group by paid_date
    union all
    select
        spend_date as date_day,
        'ad_spend' as cost_line,
        spend_amount_reporting as cost_amount
    from {{ ref('fct_ad_spend_daily') }}
    union all
    select
        date_day,
        cost_line,
        cost_amount
    from ruled
),

stacked as (
    select
        event_date as date_day,
        cast(gross_amount as {{ type_money_sum() }}) as gross_amount,
        cast(discount_amount as {{ type_money_sum() }}) as discount_amount,
        cast(return_amount as {{ type_money_sum() }}) as return_amount,
        cast(cancellation_amount as {{ type_money_sum() }}) as cancellation_amount,
        cast(net_sales_amount as {{ type_money_sum() }}) as net_sales_amount,
        cast(shipping_amount as {{ type_money_sum() }}) as shipping_amount,
        {%- for line in profit_and_loss_lines() %}
        cast(0 as {{ type_money_sum() }}) as {{ line[0] }}_cost_amount,
        {%- endfor %}
        cast(0 as {{ type_money_sum() }}) as uncosted_amount
    from sales
    union all
    select
        date_day,
        {%- for amount in ['gross', 'discount', 'return', 'cancellation', 'net_sales', 'shipping'] %}
        cast(0 as {{ type_money_sum() }}) as {{ amount }}_amount,
        {%- endfor %}
        {%- for line in profit_and_loss_lines() %}
        cast(0 as {{ type_money_sum() }}) as {{ line[0] }}_cost_amount,
        {%- endfor %}
        cast(uncosted_amount as {{ type_money_sum() }}) as uncosted_amount
    from goods
    where uncosted_amount <> 0
    union all
    select
        date_day,
        {%- for amount in ['gross', 'discount', 'return', 'cancellation', 'net_sales', 'shipping'] %}
        cast(0 as {{ type_money_sum() }}) as {{ amount }}_amount,
        {%- endfor %}
        {%- for line in profit_and_loss_lines() %}
        cast(case when cost_line = '{{ line[0] }}' then cost_amount else 0 end as {{ type_money_sum() }}) as {{ line[0] }}_cost_amount,
        {%- endfor %}
        cast(0 as {{ type_money_sum() }}) as uncosted_amount
    from costs
)

select
    date_day,
    {%- for amount in ['gross', 'discount', 'return', 'cancellation', 'net_sales', 'shipping'] %}
    {{ sum_money(amount ~ '_amount') }} as {{ amount }}_amount,
    {%- endfor %}
    {%- for line in profit_and_loss_lines() %}
    {{ sum_money(line[0] ~ '_cost_amount') }} as {{ line[0] }}_cost_amount,
    {%- endfor %}
    {{ sum_money('uncosted_amount') }} as uncosted_amount
from stacked
group by date_day
