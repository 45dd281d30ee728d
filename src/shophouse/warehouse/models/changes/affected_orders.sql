-- One row per order that this run must calculate again, because something that its facts are made of has arrived: of itself, or of its account alone. Of
-- runs that came to no end all are kept until one does, for what they have built says no more what an order was. Empty in a full run.
-- Rows that name no order stand under the empty id: they are rejected, and that must be known of new ones too.
{{ config(tags=['changes']) }}
{%- if not execute and has_currencies() %}{% do ref('fct_exchange_rates_daily') %}{% do arrived('exchange_rates', ['rate_date']) %}{% endif -%}
{%- if not execute and has_product_currencies() %}{% do all_versions('products', ['product_id']) %}{% endif -%}
{%- set orders_before = as_built('core', 'fct_orders') %}
{%- set lines_before = as_built('core', 'fct_order_items') %}
{%- set unfinished = as_built('changes', 'affected_orders') %}

with

watermark as (
    {{ watermark() }}
),

changed_customers as (
    {{ arrived('customers', ['customer_id']) }}
    union
    {{ arrived('customer_identities', ['customer_id']) }}
),

changed_stores as (
    {{ arrived('stores', ['store_id']) }}
),

moved_payments as (
    {{ arrived('payments', ['payment_id']) }}
),

payment_versions as (
    {{ all_versions('payments', ['payment_id', 'order_id']) }}
),

moved_shipments as (
    {{ arrived('shipments', ['shipment_id']) }}
),

shipment_versions as (
    {{ all_versions('shipments', ['shipment_id', 'order_id']) }}
),

refund_item_versions as (
    {{ all_versions('refund_items', ['refund_id', 'product_id']) }}
),

-- What was paid back of a product is known by its refund, and what a cancellation is worth follows from that, whatever the order's lines are.
moved_refunds as (
    {{ arrived('refunds', ['refund_id']) }}
    union
    {{ arrived('refund_items', ['refund_id']) }}
    union
    select
        refund_item_versions.source as source,
        refund_item_versions.refund_id as refund_id
    from refund_item_versions
    inner join {{ ref('followed_products') }} as followed_products
        on refund_item_versions.source = followed_products.source
        and refund_item_versions.product_id = followed_products.product_id
),

refund_versions as (
    {{ all_versions('refunds', ['refund_id', 'order_id']) }}
    union all
    {{ all_versions('refund_items', ['refund_id', 'order_id']) }}
),

stores_of_orders as (
    {{ all_versions('orders', ['order_id', 'store_id']) }}
),
{% if orders_before %}
-- Whose orders and lines these are is looked up in what was built: an order that is another customer's now, or has other lines, has arrived itself.
changed_accounts as (
    {{ keys_of('changed_customers', 'source', 'customer_id', 'customer_key') }}
),

orders_of_accounts as (
    select
        orders_before.source as source,
        orders_before.order_id as order_id
    from {{ orders_before }} as orders_before
    where orders_before.customer_key in ({{ few_keys('customer_key', 'changed_accounts') }})
),

{% endif -%}
{%- if lines_before %}
lines_of_products as (
    select
        lines_before.source as source,
        lines_before.order_id as order_id
    from {{ lines_before }} as lines_before
    where lines_before.product_key in ({{ few_keys('product_key', ref('followed_products')) }})
),
{% endif %}

{% if has_currencies() and orders_before -%}
rates as (
    select
        rate_date,
        from_currency,
        rate
    from {{ ref('fct_exchange_rates_daily') }}
),

-- A rate that came late, was corrected or is gone: the order keeps what it was calculated with. fct_orders is the last to be calculated, so that a run
-- that was stopped finds again what the one before it found.
revalued_orders as (
    select
        orders_before.source as source,
        orders_before.order_id as order_id
    from {{ orders_before }} as orders_before
    left join rates
        on orders_before.order_date = rates.rate_date
        and orders_before.currency_code = rates.from_currency
    where orders_before.currency_code <> {{ shop_currency() }}
        and coalesce(orders_before.exchange_rate, 0) <> coalesce(rates.rate, 0)
),

{% endif -%}
{%- if lines_before and has_product_currencies() %}
product_versions as (
    {{ all_versions('products', ['product_id', 'currency_code']) }}
),

changed_rates as (
    {{ arrived('exchange_rates', ['rate_date']) }}
),

-- What a cost was converted with is kept nowhere: whatever was sold in the days of a rate that arrived is calculated again.
revalued_costs as (
    select
        lines_before.source as source,
        lines_before.order_id as order_id
    from {{ lines_before }} as lines_before
    inner join product_versions
        on lines_before.source = product_versions.source
        and lines_before.product_id = product_versions.product_id
    where product_versions.currency_code <> {{ shop_currency() }}
        and exists (
            select 1
            from changed_rates
            where lines_before.order_date between changed_rates.rate_date and {{ add_days('changed_rates.rate_date', 7) }}
        )
),

{% endif -%}
named_orders as (
    {{ arrived('orders', ['order_id']) }}
    union
    {{ arrived('order_items', ['order_id']) }}
    union
    {{ arrived('payments', ['order_id']) }}
    union
    {{ arrived('shipments', ['order_id']) }}
    union
    {{ arrived('reviews', ['order_id']) }}
    union
    select
        payment_versions.source as source,
        payment_versions.order_id as order_id
    from payment_versions
    inner join moved_payments
        on payment_versions.source = moved_payments.source
        and payment_versions.payment_id = moved_payments.payment_id
    union
    select
        shipment_versions.source as source,
        shipment_versions.order_id as order_id
    from shipment_versions
    inner join moved_shipments
        on shipment_versions.source = moved_shipments.source
        and shipment_versions.shipment_id = moved_shipments.shipment_id
    union
    select
        refund_versions.source as source,
        refund_versions.order_id as order_id
    from refund_versions
    inner join moved_refunds
        on refund_versions.source = moved_refunds.source
        and refund_versions.refund_id = moved_refunds.refund_id
    union
    select
        stores_of_orders.source as source,
        stores_of_orders.order_id as order_id
    from stores_of_orders
    inner join changed_stores
        on stores_of_orders.source = changed_stores.source
        and stores_of_orders.store_id = changed_stores.store_id
    {%- if lines_before %}
    union
    select
        source,
        order_id
    from lines_of_products
    {%- endif %}
    {%- if has_currencies() and orders_before %}
    union
    select
        source,
        order_id
    from revalued_orders
    {%- endif %}
    {%- if has_product_currencies() and lines_before %}
    union
    select
        source,
        order_id
    from revalued_costs
    {%- endif %}
),

named as (
    select
        named_orders.source as source,
        named_orders.order_id as order_id,
        1 as has_arrived
    from named_orders
    {%- if orders_before %}
    union all
    select
        orders_of_accounts.source as source,
        orders_of_accounts.order_id as order_id,
        0 as has_arrived
    from orders_of_accounts
    {%- endif %}
    {%- if unfinished %}
    union all
    select
        unfinished.source as source,
        nullif(unfinished.order_id, '') as order_id,
        case when unfinished.has_arrived then 1 else 0 end as has_arrived
    from {{ unfinished }} as unfinished
    inner join watermark
        on unfinished.load_sum = watermark.load_sum
    {%- endif %}
),

final as (
    select
        named.source as source,
        coalesce(named.order_id, '') as order_id,
        {{ surrogate_key(['named.source', 'named.order_id']) }} as order_key,
        max(named.has_arrived) = 1 as has_arrived
    from named
    where {{ passes_changes_on() }}
    group by
        named.source,
        named.order_id
)

select
    final.source as source,
    final.order_id as order_id,
    final.order_key as order_key,
    final.has_arrived as has_arrived,
    watermark.load_sum as load_sum
from final
cross join watermark
