-- One row per refunded line. The amount is positive, without tax, in the order's currency.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='refund_key',
    meta={'affected': 'affected_refunds'}
) }}

with

refund_items as (
    select
        source,
        refund_id,
        refund_item_id,
        quantity,
        amount,
        order_id,
        line_number,
        product_id,
        is_restocked
    from {{ affected_input('refund_items', by='refund_id', affected='affected_refunds') }} as input_refund_items
),

refunds as (
    select
        source,
        refund_id,
        refund_key,
        order_key,
        customer_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        has_order,
        is_cancelled,
        is_sale,
        order_date,
        refunded_date,
        refunded_at,
        currency_code,
        exchange_rate
    from {{ ref('fct_refunds') }}
    where {{ is_affected('fct_refunds', 'refund_key', 'affected_refunds') }}
),

products as (
    select
        source,
        product_id,
        is_gift_card
    from {{ ref('input_products') }}
),

final as (
    select
        {{ surrogate_key(['refund_items.source', 'refund_items.refund_id', 'refund_items.refund_item_id']) }} as refund_item_key,
        refunds.refund_key as refund_key,
        refund_items.source as source,
        refund_items.refund_id as refund_id,
        refund_items.refund_item_id as refund_item_id,
        refunds.order_key as order_key,
        case when refunds.has_order then refund_items.line_number end as line_number,
        {{ key_or_unknown('refund_items.source', 'refund_items.product_id') }} as product_key,
        refund_items.product_id as product_id,
        refunds.customer_key as customer_key,
        refunds.person_key as person_key,
        refunds.store_key as store_key,
        refunds.geography_key as geography_key,
        refunds.channel_key as channel_key,
        refunds.is_cancelled as is_cancelled,
        refunds.is_sale and not coalesce(products.is_gift_card, false) as is_sale,
        refunds.order_date as order_date,
        refunds.refunded_date as refunded_date,
        refunds.refunded_at as refunded_at,
        refunds.currency_code as currency_code,
        refunds.exchange_rate as exchange_rate,
        refund_items.quantity as quantity,
        refund_items.amount as refund_amount,
        coalesce(refund_items.is_restocked, false) as is_restocked
    from refund_items
    inner join refunds
        on refund_items.source = refunds.source
        and refund_items.refund_id = refunds.refund_id
    left join products
        on refund_items.source = products.source
        and refund_items.product_id = products.product_id
)

select
    refund_item_key,
    refund_key,
    source,
    refund_id,
    refund_item_id,
    order_key,
    line_number,
    product_key,
    product_id,
    customer_key,
    person_key,
    store_key,
    geography_key,
    channel_key,
    is_cancelled,
    is_sale,
    order_date,
    refunded_date,
    refunded_at,
    currency_code,
    exchange_rate,
    quantity,
    refund_amount,
    is_restocked
from final
