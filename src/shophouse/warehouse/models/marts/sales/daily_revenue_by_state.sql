-- One row per day, country and state that has sales or orders. Revenue is net sales by the day on which money moved; orders by the day on which they were placed.
with

sales as (
    select
        event_date,
        country_code,
        state_code,
        quantity,
        gross_amount,
        net_sales_amount,
        shipping_amount,
        total_sales_amount
    from {{ ref('sales_by_day') }}
),

orders as (
    select
        order_date,
        country_code,
        state_code,
        order_count,
        new_customer_count
    from {{ ref('orders_by_day') }}
),

regions as (
    select
        country_code,
        country,
        state_code,
        state
    from {{ ref('regions') }}
),

stacked as (
    {{ sales_and_orders(
        'event_date',
        keys=['country_code', 'state_code'],
        counts=['order_count', 'new_customer_count'],
        amounts=['quantity', 'gross_amount', 'net_sales_amount', 'shipping_amount', 'total_sales_amount']
    ) }}
),

summed as (
    select
        stacked.date_day as date_day,
        stacked.country_code as country_code,
        stacked.state_code as state_code,
        {{ sum_count('stacked.order_count') }} as order_count,
        {{ sum_count('stacked.new_customer_count') }} as new_customer_count,
        cast(sum(stacked.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('stacked.gross_amount') }} as gross_amount,
        {{ sum_money('stacked.net_sales_amount') }} as net_sales_amount,
        {{ sum_money('stacked.shipping_amount') }} as shipping_amount,
        {{ sum_money('stacked.total_sales_amount') }} as total_sales_amount
    from stacked
    group by
        stacked.date_day,
        stacked.country_code,
        stacked.state_code
),

final as (
    select
        summed.date_day as date_day,
        summed.country_code as country_code,
        coalesce(regions.country, summed.country_code) as country,
        summed.state_code as state_code,
        coalesce(regions.state, summed.state_code) as state,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        summed.order_count as order_count,
        summed.new_customer_count as new_customer_count,
        summed.quantity as quantity,
        summed.gross_amount as gross_amount,
        summed.net_sales_amount as net_sales_amount,
        summed.shipping_amount as shipping_amount,
        summed.total_sales_amount as total_sales_amount,
        {{ money_per('summed.net_sales_amount', 'summed.order_count') }} as average_order_amount,
        {{ ratio('summed.shipping_amount', 'summed.net_sales_amount') }} as freight_rate
    from summed
    left join regions
        on summed.country_code = regions.country_code
        and summed.state_code = regions.state_code
)

select
    date_day,
    country_code,
    country,
    state_code,
    state,
    currency_code,
    order_count,
    new_customer_count,
    quantity,
    gross_amount,
    net_sales_amount,
    shipping_amount,
    total_sales_amount,
    average_order_amount,
    freight_rate
from final
