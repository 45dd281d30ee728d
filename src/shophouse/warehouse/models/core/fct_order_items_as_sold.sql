-- One row per order line, with the version of its product that was valid when it was ordered, and what it says: category and list price.
{{ config(materialized='view') }}

with

lines as (
    select
        order_key,
        line_number,
        product_key,
        customer_key,
        store_key,
        channel_key,
        is_sale,
        is_cancelled,
        ordered_at,
        order_date,
        currency_code,
        exchange_rate,
        quantity,
        unit_price,
        gross_amount,
        discount_amount,
        net_amount,
        cost_amount,
        margin_amount
    from {{ ref('fct_order_items') }}
),

products as (
    select
        product_key,
        category_key,
        list_price
    from {{ ref('dim_product') }}
),

-- What has one version only is not among them: its version has the durable key, and what it says stands in the dimension.
product_versions as (
    select
        product_version_key,
        product_key,
        category_key,
        list_price,
        valid_from,
        valid_to
    from {{ ref('product_versions') }}
)

select
    lines.order_key as order_key,
    lines.line_number as line_number,
    lines.product_key as product_key,
    coalesce(product_versions.product_version_key, lines.product_key) as product_version_key,
    case when product_versions.product_key is null then products.category_key else product_versions.category_key end as category_key,
    case when product_versions.product_key is null then products.list_price else product_versions.list_price end as list_price,
    lines.customer_key as customer_key,
    lines.store_key as store_key,
    lines.channel_key as channel_key,
    lines.is_sale as is_sale,
    lines.is_cancelled as is_cancelled,
    lines.ordered_at as ordered_at,
    lines.order_date as order_date,
    lines.currency_code as currency_code,
    lines.exchange_rate as exchange_rate,
    lines.quantity as quantity,
    lines.unit_price as unit_price,
    lines.gross_amount as gross_amount,
    lines.discount_amount as discount_amount,
    lines.net_amount as net_amount,
    lines.cost_amount as cost_amount,
    lines.margin_amount as margin_amount,
    {{ in_reporting('lines.gross_amount', 'lines.exchange_rate') }} as gross_amount_reporting,
    {{ in_reporting('lines.discount_amount', 'lines.exchange_rate') }} as discount_amount_reporting
from lines
left join products
    on lines.product_key = products.product_key
left join product_versions
    on lines.product_key = product_versions.product_key
    and lines.ordered_at >= product_versions.valid_from
    and lines.ordered_at < product_versions.valid_to
