-- One row per day on which money moved, store, channel, country and category: the event book. Every sale is in today's category of its product.
with

sales as (
    select
        order_date,
        store_key,
        channel_key,
        geography_key,
        product_key,
        quantity,
        gross_amount_reporting as gross_amount,
        discount_amount_reporting as discount_amount
    from {{ ref('fct_sales_ledger') }}
    where event_kind = 'sale'
),

taken_back as (
    select
        event_date,
        store_key,
        channel_key,
        geography_key,
        product_key,
        quantity,
        return_amount,
        cancellation_amount
    from {{ ref('taken_back') }}
),

places as (
    select
        geography_key,
        {{ region_code('country_code', 'country') }} as country_code
    from {{ ref('dim_geography') }}
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
        category_name
    from {{ ref('dim_category') }}
),

stores as (
    select
        store_key,
        store_name
    from {{ ref('dim_store') }}
),

channels as (
    select
        channel_key,
        channel
    from {{ ref('dim_channel') }}
),

stacked as (
    select
        sales.order_date as date_day,
        sales.store_key as store_key,
        sales.channel_key as channel_key,
        coalesce(places.country_code, 'unknown') as country_code,
        coalesce(products.category_key, {{ unknown_key() }}) as category_key,
        cast(sum(sales.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('sales.gross_amount') }} as gross_amount,
        {{ sum_money('sales.discount_amount') }} as discount_amount,
        {{- zeros(['return_amount', 'cancellation_amount']) }}
    from sales
    left join places
        on sales.geography_key = places.geography_key
    left join products
        on sales.product_key = products.product_key
    group by
        sales.order_date,
        sales.store_key,
        sales.channel_key,
        coalesce(places.country_code, 'unknown'),
        coalesce(products.category_key, {{ unknown_key() }})
    union all
    select
        taken_back.event_date as date_day,
        taken_back.store_key as store_key,
        taken_back.channel_key as channel_key,
        coalesce(places.country_code, 'unknown') as country_code,
        coalesce(products.category_key, {{ unknown_key() }}) as category_key,
        cast(sum(taken_back.quantity) as {{ type_money_sum() }}) as quantity,
        {{- zeros(['gross_amount', 'discount_amount']) }},
        {{ sum_money('taken_back.return_amount') }} as return_amount,
        {{ sum_money('taken_back.cancellation_amount') }} as cancellation_amount
    from taken_back
    left join places
        on taken_back.geography_key = places.geography_key
    left join products
        on taken_back.product_key = products.product_key
    group by
        taken_back.event_date,
        taken_back.store_key,
        taken_back.channel_key,
        coalesce(places.country_code, 'unknown'),
        coalesce(products.category_key, {{ unknown_key() }})
),

summed as (
    select
        stacked.date_day as date_day,
        stacked.store_key as store_key,
        stacked.channel_key as channel_key,
        stacked.country_code as country_code,
        stacked.category_key as category_key,
        cast(sum(stacked.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('stacked.gross_amount') }} as gross_amount,
        {{ sum_money('stacked.discount_amount') }} as discount_amount,
        {{ sum_money('stacked.return_amount') }} as return_amount,
        {{ sum_money('stacked.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('stacked.gross_amount + stacked.discount_amount + stacked.return_amount + stacked.cancellation_amount') }} as net_sales_amount
    from stacked
    group by
        stacked.date_day,
        stacked.store_key,
        stacked.channel_key,
        stacked.country_code,
        stacked.category_key
),

final as (
    select
        summed.date_day as date_day,
        summed.store_key as store_key,
        coalesce(stores.store_name, 'unknown') as store_name,
        summed.channel_key as channel_key,
        coalesce(channels.channel, 'unknown') as channel,
        summed.country_code as country_code,
        summed.category_key as category_key,
        coalesce(categories.category_name, 'unknown') as category_name,
        summed.quantity as quantity,
        summed.gross_amount as gross_amount,
        cast(-summed.discount_amount as {{ type_money_sum() }}) as discount_amount,
        cast(-summed.return_amount as {{ type_money_sum() }}) as return_amount,
        cast(-summed.cancellation_amount as {{ type_money_sum() }}) as cancellation_amount,
        summed.net_sales_amount as net_sales_amount,
        {{ shop_currency() }} as currency_code
    from summed
    left join stores
        on summed.store_key = stores.store_key
    left join channels
        on summed.channel_key = channels.channel_key
    left join categories
        on summed.category_key = categories.category_key
)

select
    date_day,
    store_key,
    store_name,
    channel_key,
    channel,
    country_code,
    category_key,
    category_name,
    quantity,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    currency_code
from final
