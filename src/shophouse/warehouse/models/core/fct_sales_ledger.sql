-- One row per money event of a sale: the sale of a line, the charges of an order, a refunded line, the rest of a refund, a cancelled order.
-- Signed and additive: sales are positive, what takes them back is negative. order_date is the day of the order, event_date the day on
-- which the money moved: the two books differ only in which of them they group by. Test and deleted orders and gift cards are no sales.
-- <name>_amount is in the order's currency, <name>_amount_reporting in the shop's.
{{ config(materialized='view') }}

with

sales as (
    select
        order_key,
        line_number,
        product_key,
        seller_key,
        customer_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        order_date,
        currency_code,
        quantity,
        gross_amount,
        discount_amount,
        shipping_amount,
        tax_amount,
        {{ in_reporting('gross_amount') }} as gross_amount_reporting,
        {{ in_reporting('discount_amount') }} as discount_amount_reporting,
        {{ in_reporting('shipping_amount') }} as shipping_amount_reporting,
        {{ in_reporting('tax_amount') }} as tax_amount_reporting
    from {{ ref('fct_order_items') }}
    where is_sale
),

orders as (
    select
        order_key,
        customer_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        order_date,
        currency_code,
        duties_amount,
        tip_amount,
        fee_amount,
        {{ in_reporting('(duties_amount + tip_amount + fee_amount)') }} as other_amount_reporting
    from {{ ref('fct_orders') }}
    where is_sale
),

-- Read once each, for an engine keeps whole what is read twice, and then reads every column of it and of all beside it.
cancelled_orders as (
    select
        order_key,
        customer_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        order_date,
        cancelled_date,
        currency_code,
        duties_amount,
        tip_amount,
        fee_amount,
        {{ in_reporting('(duties_amount + tip_amount + fee_amount)') }} as other_amount_reporting
    from {{ ref('fct_orders') }}
    where is_sale
        and is_cancelled
),

cancelled_days as (
    select
        order_key,
        cancelled_date
    from {{ ref('fct_orders') }}
    where is_sale
        and is_cancelled
),

cancelled_lines as (
    select
        order_key,
        line_number,
        product_key,
        seller_key,
        customer_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        order_date,
        currency_code,
        quantity,
        gross_amount,
        discount_amount,
        shipping_amount,
        tax_amount,
        refunded_quantity,
        refunded_amount,
        {{ in_reporting('gross_amount') }} as gross_amount_reporting,
        {{ in_reporting('discount_amount') }} as discount_amount_reporting,
        {{ in_reporting('shipping_amount') }} as shipping_amount_reporting,
        {{ in_reporting('tax_amount') }} as tax_amount_reporting,
        {{ in_reporting('refunded_amount') }} as refunded_amount_reporting
    from {{ ref('fct_order_items') }}
    where is_sale
        and is_cancelled
),

refunds as (
    select
        refund_key,
        order_key,
        customer_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        order_date,
        refunded_date,
        currency_code,
        product_amount,
        shipping_amount,
        tax_amount,
        other_amount,
        {{ in_reporting('product_amount') }} as product_amount_reporting,
        {{ in_reporting('shipping_amount') }} as shipping_amount_reporting,
        {{ in_reporting('tax_amount') }} as tax_amount_reporting,
        {{ in_reporting('other_amount') }} as other_amount_reporting
    from {{ ref('fct_refunds') }}
    where is_sale
),

refund_items as (
    select
        refund_key,
        order_key,
        line_number,
        product_key,
        customer_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        order_date,
        refunded_date,
        currency_code,
        quantity,
        refund_amount,
        {{ in_reporting('refund_amount') }} as refund_amount_reporting
    from {{ ref('fct_refund_items') }}
    where is_sale
),

refunded_by_refund as (
    select
        refund_key,
        cast(sum(refund_amount) as {{ type_money() }}) as refund_amount,
        cast(sum({{ in_reporting('refund_amount') }}) as {{ type_money() }}) as refund_amount_reporting
    from {{ ref('fct_refund_items') }}
    group by refund_key
),

-- Of a cancelled order's refunds, what its lines' cancellations leave out already, and what was paid back for gift cards.
refunded_by_order as (
    select
        parts.order_key as order_key,
        cast(sum(parts.refund_amount) as {{ type_money() }}) as refund_amount,
        cast(sum(parts.refund_amount_reporting) as {{ type_money() }}) as refund_amount_reporting
    from (
        select
            lines.order_key as order_key,
            lines.refunded_amount as refund_amount,
            {{ in_reporting('lines.refunded_amount', 'lines.exchange_rate') }} as refund_amount_reporting
        from {{ ref('fct_order_items') }} as lines
        where lines.is_sale
            and lines.is_cancelled
            and lines.refunded_amount <> 0
        union all
        select
            gift_cards.order_key as order_key,
            gift_cards.refund_amount as refund_amount,
            {{ in_reporting('gift_cards.refund_amount', 'gift_cards.exchange_rate') }} as refund_amount_reporting
        from {{ ref('fct_refund_items') }} as gift_cards
        where not gift_cards.is_sale
    ) as parts
    group by parts.order_key
),

-- What a cancelled order's refunds have taken back already is not taken back again by its cancellation.
cancelled_refunds as (
    select
        order_key,
        cast(sum(product_amount) as {{ type_money() }}) as product_amount,
        cast(sum(shipping_amount) as {{ type_money() }}) as shipping_amount,
        cast(sum(tax_amount) as {{ type_money() }}) as tax_amount,
        cast(sum(other_amount) as {{ type_money() }}) as other_amount,
        cast(sum({{ in_reporting('product_amount') }}) as {{ type_money() }}) as product_amount_reporting,
        cast(sum({{ in_reporting('shipping_amount') }}) as {{ type_money() }}) as shipping_amount_reporting,
        cast(sum({{ in_reporting('tax_amount') }}) as {{ type_money() }}) as tax_amount_reporting,
        cast(sum({{ in_reporting('other_amount') }}) as {{ type_money() }}) as other_amount_reporting
    from {{ ref('fct_refunds') }}
    where is_sale
        and is_cancelled
    group by order_key
),

events as (
    select
        'sale' as event_kind,
        sales.order_key as order_key,
        {{ unknown_key() }} as refund_key,
        sales.line_number as line_number,
        sales.product_key as product_key,
        sales.seller_key as seller_key,
        sales.customer_key as customer_key,
        sales.person_key as person_key,
        sales.store_key as store_key,
        sales.geography_key as geography_key,
        sales.channel_key as channel_key,
        sales.order_date as order_date,
        sales.order_date as event_date,
        sales.currency_code as currency_code,
        sales.quantity as quantity,
        sales.gross_amount as gross_amount,
        cast(-(sales.discount_amount) as {{ type_money() }}) as discount_amount,
        cast(0 as {{ type_money() }}) as return_amount,
        cast(0 as {{ type_money() }}) as cancellation_amount,
        sales.shipping_amount as shipping_amount,
        sales.tax_amount as tax_amount,
        cast(0 as {{ type_money() }}) as other_amount,
        sales.gross_amount_reporting as gross_amount_reporting,
        cast(-(sales.discount_amount_reporting) as {{ type_money() }}) as discount_amount_reporting,
        cast(0 as {{ type_money() }}) as return_amount_reporting,
        cast(0 as {{ type_money() }}) as cancellation_amount_reporting,
        sales.shipping_amount_reporting as shipping_amount_reporting,
        sales.tax_amount_reporting as tax_amount_reporting,
        cast(0 as {{ type_money() }}) as other_amount_reporting
    from sales
    union all
    select
        'charge' as event_kind,
        orders.order_key as order_key,
        {{ unknown_key() }} as refund_key,
        cast(null as integer) as line_number,
        {{ unknown_key() }} as product_key,
        {{ unknown_key() }} as seller_key,
        orders.customer_key as customer_key,
        orders.person_key as person_key,
        orders.store_key as store_key,
        orders.geography_key as geography_key,
        orders.channel_key as channel_key,
        orders.order_date as order_date,
        orders.order_date as event_date,
        orders.currency_code as currency_code,
        cast(0 as decimal(18, 4)) as quantity,
        cast(0 as {{ type_money() }}) as gross_amount,
        cast(0 as {{ type_money() }}) as discount_amount,
        cast(0 as {{ type_money() }}) as return_amount,
        cast(0 as {{ type_money() }}) as cancellation_amount,
        cast(0 as {{ type_money() }}) as shipping_amount,
        cast(0 as {{ type_money() }}) as tax_amount,
        cast(orders.duties_amount + orders.tip_amount + orders.fee_amount as {{ type_money() }}) as other_amount,
        cast(0 as {{ type_money() }}) as gross_amount_reporting,
        cast(0 as {{ type_money() }}) as discount_amount_reporting,
        cast(0 as {{ type_money() }}) as return_amount_reporting,
        cast(0 as {{ type_money() }}) as cancellation_amount_reporting,
        cast(0 as {{ type_money() }}) as shipping_amount_reporting,
        cast(0 as {{ type_money() }}) as tax_amount_reporting,
        cast(orders.other_amount_reporting as {{ type_money() }}) as other_amount_reporting
    from orders
    where orders.duties_amount + orders.tip_amount + orders.fee_amount <> 0
    union all
    select
        'refund' as event_kind,
        refund_items.order_key as order_key,
        refund_items.refund_key as refund_key,
        refund_items.line_number as line_number,
        refund_items.product_key as product_key,
        {{ unknown_key() }} as seller_key,
        refund_items.customer_key as customer_key,
        refund_items.person_key as person_key,
        refund_items.store_key as store_key,
        refund_items.geography_key as geography_key,
        refund_items.channel_key as channel_key,
        refund_items.order_date as order_date,
        refund_items.refunded_date as event_date,
        refund_items.currency_code as currency_code,
        cast(-refund_items.quantity as decimal(18, 4)) as quantity,
        cast(0 as {{ type_money() }}) as gross_amount,
        cast(0 as {{ type_money() }}) as discount_amount,
        cast(-(refund_items.refund_amount) as {{ type_money() }}) as return_amount,
        cast(0 as {{ type_money() }}) as cancellation_amount,
        cast(0 as {{ type_money() }}) as shipping_amount,
        cast(0 as {{ type_money() }}) as tax_amount,
        cast(0 as {{ type_money() }}) as other_amount,
        cast(0 as {{ type_money() }}) as gross_amount_reporting,
        cast(0 as {{ type_money() }}) as discount_amount_reporting,
        cast(-(refund_items.refund_amount_reporting) as {{ type_money() }}) as return_amount_reporting,
        cast(0 as {{ type_money() }}) as cancellation_amount_reporting,
        cast(0 as {{ type_money() }}) as shipping_amount_reporting,
        cast(0 as {{ type_money() }}) as tax_amount_reporting,
        cast(0 as {{ type_money() }}) as other_amount_reporting
    from refund_items
    union all
    select
        'refund' as event_kind,
        refunds.order_key as order_key,
        refunds.refund_key as refund_key,
        cast(null as integer) as line_number,
        {{ unknown_key() }} as product_key,
        {{ unknown_key() }} as seller_key,
        refunds.customer_key as customer_key,
        refunds.person_key as person_key,
        refunds.store_key as store_key,
        refunds.geography_key as geography_key,
        refunds.channel_key as channel_key,
        refunds.order_date as order_date,
        refunds.refunded_date as event_date,
        refunds.currency_code as currency_code,
        cast(0 as decimal(18, 4)) as quantity,
        cast(0 as {{ type_money() }}) as gross_amount,
        cast(0 as {{ type_money() }}) as discount_amount,
        cast(-(refunds.product_amount - coalesce(refunded_by_refund.refund_amount, 0)) as {{ type_money() }}) as return_amount,
        cast(0 as {{ type_money() }}) as cancellation_amount,
        cast(-(refunds.shipping_amount) as {{ type_money() }}) as shipping_amount,
        cast(-(refunds.tax_amount) as {{ type_money() }}) as tax_amount,
        cast(-(refunds.other_amount) as {{ type_money() }}) as other_amount,
        cast(0 as {{ type_money() }}) as gross_amount_reporting,
        cast(0 as {{ type_money() }}) as discount_amount_reporting,
        cast(-(refunds.product_amount_reporting - coalesce(refunded_by_refund.refund_amount_reporting, 0)) as {{ type_money() }}) as return_amount_reporting,
        cast(0 as {{ type_money() }}) as cancellation_amount_reporting,
        cast(-(refunds.shipping_amount_reporting) as {{ type_money() }}) as shipping_amount_reporting,
        cast(-(refunds.tax_amount_reporting) as {{ type_money() }}) as tax_amount_reporting,
        cast(-(refunds.other_amount_reporting) as {{ type_money() }}) as other_amount_reporting
    from refunds
    left join refunded_by_refund
        on refunds.refund_key = refunded_by_refund.refund_key
    where refunds.product_amount <> coalesce(refunded_by_refund.refund_amount, 0)
        {%- if has_currencies() %}
        or refunds.product_amount_reporting <> coalesce(refunded_by_refund.refund_amount_reporting, 0)
        {%- endif %}
        or refunds.shipping_amount <> 0
        or refunds.tax_amount <> 0
        or refunds.other_amount <> 0
    union all
    select
        'cancellation' as event_kind,
        cancelled_lines.order_key as order_key,
        {{ unknown_key() }} as refund_key,
        cancelled_lines.line_number as line_number,
        cancelled_lines.product_key as product_key,
        cancelled_lines.seller_key as seller_key,
        cancelled_lines.customer_key as customer_key,
        cancelled_lines.person_key as person_key,
        cancelled_lines.store_key as store_key,
        cancelled_lines.geography_key as geography_key,
        cancelled_lines.channel_key as channel_key,
        cancelled_lines.order_date as order_date,
        cancelled_days.cancelled_date as event_date,
        cancelled_lines.currency_code as currency_code,
        cast(cancelled_lines.refunded_quantity - cancelled_lines.quantity as decimal(18, 4)) as quantity,
        cast(0 as {{ type_money() }}) as gross_amount,
        cast(0 as {{ type_money() }}) as discount_amount,
        cast(0 as {{ type_money() }}) as return_amount,
        cast(-(cancelled_lines.gross_amount - cancelled_lines.discount_amount - cancelled_lines.refunded_amount) as {{ type_money() }}) as cancellation_amount,
        cast(-(cancelled_lines.shipping_amount) as {{ type_money() }}) as shipping_amount,
        cast(-(cancelled_lines.tax_amount) as {{ type_money() }}) as tax_amount,
        cast(0 as {{ type_money() }}) as other_amount,
        cast(0 as {{ type_money() }}) as gross_amount_reporting,
        cast(0 as {{ type_money() }}) as discount_amount_reporting,
        cast(0 as {{ type_money() }}) as return_amount_reporting,
        cast(
            -(cancelled_lines.gross_amount_reporting - cancelled_lines.discount_amount_reporting - cancelled_lines.refunded_amount_reporting) as {{ type_money() }}
        ) as cancellation_amount_reporting,
        cast(-(cancelled_lines.shipping_amount_reporting) as {{ type_money() }}) as shipping_amount_reporting,
        cast(-(cancelled_lines.tax_amount_reporting) as {{ type_money() }}) as tax_amount_reporting,
        cast(0 as {{ type_money() }}) as other_amount_reporting
    from cancelled_lines
    inner join cancelled_days
        on cancelled_lines.order_key = cancelled_days.order_key
    union all
    select
        'cancellation' as event_kind,
        cancelled_orders.order_key as order_key,
        {{ unknown_key() }} as refund_key,
        cast(null as integer) as line_number,
        {{ unknown_key() }} as product_key,
        {{ unknown_key() }} as seller_key,
        cancelled_orders.customer_key as customer_key,
        cancelled_orders.person_key as person_key,
        cancelled_orders.store_key as store_key,
        cancelled_orders.geography_key as geography_key,
        cancelled_orders.channel_key as channel_key,
        cancelled_orders.order_date as order_date,
        cancelled_orders.cancelled_date as event_date,
        cancelled_orders.currency_code as currency_code,
        cast(0 as decimal(18, 4)) as quantity,
        cast(0 as {{ type_money() }}) as gross_amount,
        cast(0 as {{ type_money() }}) as discount_amount,
        cast(0 as {{ type_money() }}) as return_amount,
        cast(coalesce(cancelled_refunds.product_amount, 0) - coalesce(refunded_by_order.refund_amount, 0) as {{ type_money() }}) as cancellation_amount,
        cast(coalesce(cancelled_refunds.shipping_amount, 0) as {{ type_money() }}) as shipping_amount,
        cast(coalesce(cancelled_refunds.tax_amount, 0) as {{ type_money() }}) as tax_amount,
        cast(
            coalesce(cancelled_refunds.other_amount, 0)
            - cancelled_orders.duties_amount
            - cancelled_orders.tip_amount
            - cancelled_orders.fee_amount as {{ type_money() }}
        ) as other_amount,
        cast(0 as {{ type_money() }}) as gross_amount_reporting,
        cast(0 as {{ type_money() }}) as discount_amount_reporting,
        cast(0 as {{ type_money() }}) as return_amount_reporting,
        cast(
            coalesce(cancelled_refunds.product_amount_reporting, 0) - coalesce(refunded_by_order.refund_amount_reporting, 0) as {{ type_money() }}
        ) as cancellation_amount_reporting,
        cast(coalesce(cancelled_refunds.shipping_amount_reporting, 0) as {{ type_money() }}) as shipping_amount_reporting,
        cast(coalesce(cancelled_refunds.tax_amount_reporting, 0) as {{ type_money() }}) as tax_amount_reporting,
        cast(coalesce(cancelled_refunds.other_amount_reporting, 0) - cancelled_orders.other_amount_reporting as {{ type_money() }}) as other_amount_reporting
    from cancelled_orders
    left join cancelled_refunds
        on cancelled_orders.order_key = cancelled_refunds.order_key
    left join refunded_by_order
        on cancelled_orders.order_key = refunded_by_order.order_key
    where cancelled_refunds.order_key is not null
        or cancelled_orders.duties_amount + cancelled_orders.tip_amount + cancelled_orders.fee_amount <> 0
)

select
    events.event_kind as event_kind,
    events.order_key as order_key,
    events.refund_key as refund_key,
    events.line_number as line_number,
    events.product_key as product_key,
    events.seller_key as seller_key,
    events.customer_key as customer_key,
    events.person_key as person_key,
    events.store_key as store_key,
    events.geography_key as geography_key,
    events.channel_key as channel_key,
    events.order_date as order_date,
    events.event_date as event_date,
    events.currency_code as currency_code,
    events.quantity as quantity,
    events.gross_amount as gross_amount,
    events.discount_amount as discount_amount,
    events.return_amount as return_amount,
    events.cancellation_amount as cancellation_amount,
    events.shipping_amount as shipping_amount,
    events.tax_amount as tax_amount,
    events.other_amount as other_amount,
    cast(events.gross_amount + events.discount_amount + events.return_amount + events.cancellation_amount as {{ type_money() }}) as net_sales_amount,
    cast(
        events.gross_amount
        + events.discount_amount
        + events.return_amount
        + events.cancellation_amount
        + events.shipping_amount
        + events.tax_amount
        + events.other_amount as {{ type_money() }}
    ) as total_sales_amount,
    events.gross_amount_reporting as gross_amount_reporting,
    events.discount_amount_reporting as discount_amount_reporting,
    events.return_amount_reporting as return_amount_reporting,
    events.cancellation_amount_reporting as cancellation_amount_reporting,
    events.shipping_amount_reporting as shipping_amount_reporting,
    events.tax_amount_reporting as tax_amount_reporting,
    events.other_amount_reporting as other_amount_reporting,
    cast(
        events.gross_amount_reporting
        + events.discount_amount_reporting
        + events.return_amount_reporting
        + events.cancellation_amount_reporting as {{ type_money() }}
    ) as net_sales_amount_reporting,
    cast(
        events.gross_amount_reporting
        + events.discount_amount_reporting
        + events.return_amount_reporting
        + events.cancellation_amount_reporting
        + events.shipping_amount_reporting
        + events.tax_amount_reporting
        + events.other_amount_reporting as {{ type_money() }}
    ) as total_sales_amount_reporting
from events
