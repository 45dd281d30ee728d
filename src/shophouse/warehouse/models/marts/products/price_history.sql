-- One row per product, currency and price that it was sold at, in the order in which the prices were first seen. From the order lines: a price is known from the days on
-- which somebody bought at it; one that came back is one row, whose days may then overlap with another's.
with

lines as (
    select
        product_key,
        unit_price,
        order_date,
        quantity,
        currency_code,
        {{ in_reporting('gross_amount') }} as gross_amount
    from {{ ref('fct_order_items') }}
    where is_sale
),

products as (
    select
        product_key,
        product_name
    from {{ ref('dim_product') }}
),

prices as (
    select
        lines.product_key as product_key,
        lines.unit_price as unit_price,
        lines.currency_code as price_currency_code,
        min(lines.order_date) as first_seen_date,
        max(lines.order_date) as last_seen_date,
        cast(count(*) as bigint) as line_count,
        cast(sum(lines.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('lines.gross_amount') }} as gross_amount
    from lines
    group by
        lines.product_key,
        lines.unit_price,
        lines.currency_code
),

ordered as (
    select
        prices.product_key as product_key,
        prices.unit_price as unit_price,
        prices.price_currency_code as price_currency_code,
        prices.first_seen_date as first_seen_date,
        prices.last_seen_date as last_seen_date,
        prices.line_count as line_count,
        prices.quantity as quantity,
        prices.gross_amount as gross_amount,
        cast(
            row_number() over (partition by prices.product_key order by prices.first_seen_date, prices.unit_price, prices.price_currency_code) as integer
        ) as price_number,
        lag(prices.unit_price) over (
            partition by prices.product_key, prices.price_currency_code
            order by prices.first_seen_date, prices.unit_price
        ) as previous_unit_price,
        row_number() over (
            partition by prices.product_key, prices.price_currency_code
            order by prices.last_seen_date desc nulls last, prices.first_seen_date desc nulls last, prices.unit_price desc nulls last
        ) as recency
    from prices
)

select
    ordered.product_key as product_key,
    ordered.price_number as price_number,
    coalesce(products.product_name, 'unknown') as product_name,
    ordered.unit_price as unit_price,
    ordered.previous_unit_price as previous_unit_price,
    ordered.price_currency_code as price_currency_code,
    {{ ratio('ordered.unit_price - ordered.previous_unit_price', 'ordered.previous_unit_price') }} as price_change_rate,
    ordered.first_seen_date as first_seen_date,
    ordered.last_seen_date as last_seen_date,
    ordered.recency = 1 as is_latest,
    ordered.line_count as line_count,
    ordered.quantity as quantity,
    ordered.gross_amount as gross_amount,
    {{ shop_currency() }} as currency_code
from ordered
left join products
    on ordered.product_key = products.product_key
