-- One row per order, cancelled, test and empty ones too: is_valid says which count as sales. Amounts are sums of the order's lines, payments and refunds.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_key',
    meta={'affected': 'affected_person_orders'}
) }}
{#- What its orders were is read before it is written. #}
{%- if not execute %}{% do ref('affected_days_before') %}{% do ref('affected_orders_before') %}{% endif -%}
{%- set before = as_built('core', 'fct_orders') if is_incremental() else none %}

with

headers as (
    select
        order_key,
        source,
        order_id,
        customer_id,
        customer_key,
        person_key,
        store_id,
        store_key,
        geography_key,
        geography_id,
        employee_key,
        employee_id,
        channel,
        channel_key,
        order_status,
        is_cancelled,
        is_test,
        is_deleted,
        ordered_at,
        ordered_at_local,
        order_date,
        paid_at,
        cancelled_at,
        cancelled_date,
        promised_delivery_at,
        promised_delivery_date,
        store_timezone,
        currency_code,
        exchange_rate,
        discount_code,
        duties_amount,
        tip_amount,
        fee_amount,
        order_discount_amount,
        order_shipping_amount,
        order_tax_amount,
        control_total_amount
    from {{ ref('order_headers') }}
    where {{ is_affected('order_headers', 'order_key', 'affected_person_orders') }}
),

lines as (
    select
        order_key,
        cast(count(*) as integer) as line_count,
        cast(sum(quantity) as decimal(18, 4)) as item_count,
        cast(sum(gross_amount) as {{ type_money() }}) as gross_amount,
        cast(sum(discount_amount) as {{ type_money() }}) as discount_amount,
        cast(sum(tax_amount) as {{ type_money() }}) as tax_amount,
        cast(sum(shipping_amount) as {{ type_money() }}) as shipping_amount,
        cast(sum(cost_amount) as {{ type_money() }}) as cost_amount,
        cast(sum({{ in_reporting('gross_amount') }}) as {{ type_money() }}) as gross_amount_reporting,
        cast(sum({{ in_reporting('discount_amount') }}) as {{ type_money() }}) as discount_amount_reporting,
        cast(sum({{ in_reporting('tax_amount') }}) as {{ type_money() }}) as tax_amount_reporting,
        cast(sum({{ in_reporting('shipping_amount') }}) as {{ type_money() }}) as shipping_amount_reporting,
        cast(sum(cost_amount_reporting) as {{ type_money() }}) as cost_amount_reporting,
        min(case when is_gift_card then 1 else 0 end) as gift_cards_alone
    from {{ ref('fct_order_items') }}
    where {{ is_affected('fct_order_items', 'order_key', 'affected_person_orders') }}
    group by order_key
),

-- Apart, for an engine counts distinct keys by sorting or hashing all that is aggregated beside them.
products as (
    select
        order_key,
        cast(count(distinct product_key) as integer) as product_count
    from {{ ref('fct_order_items') }}
    where {{ is_affected('fct_order_items', 'order_key', 'affected_person_orders') }}
    group by order_key
),

payments as (
    select
        order_key,
        cast(sum(captured_amount) as {{ type_money() }}) as payment_amount,
        cast(sum(fee_amount) as {{ type_money() }}) as payment_fee_amount
    from {{ ref('fct_payments') }}
    where {{ is_affected('fct_payments', 'order_key', 'affected_person_orders') }}
    group by order_key
),

refunds as (
    select
        order_key,
        cast(sum(refund_amount) as {{ type_money() }}) as refund_amount,
        cast(sum(product_amount) as {{ type_money() }}) as refund_product_amount,
        cast(
            sum({{ refund_in_reporting() }}) as {{ type_money() }}
        ) as refund_amount_reporting,
        cast(sum({{ in_reporting('product_amount') }}) as {{ type_money() }}) as refund_product_amount_reporting
    from {{ ref('fct_refunds') }}
    where has_order
        and {{ is_affected('fct_refunds', 'order_key', 'affected_person_orders') }}
    group by order_key
),

shipments as (
    select
        order_key,
        min(shipped_at) as shipped_at,
        max(delivered_at) as delivered_at,
        max(promised_delivery_at) as promised_delivery_at,
        min(shipped_date) as shipped_date,
        max(delivered_date) as delivered_date,
        max(promised_delivery_date) as promised_delivery_date,
        cast(sum(cost_amount) as {{ type_money() }}) as shipping_cost_amount
    from {{ ref('fct_shipments') }}
    where {{ is_affected('fct_shipments', 'order_key', 'affected_person_orders') }}
    group by order_key
),

-- Read apart from the headers, for an engine keeps a copy of what is named twice, and this one would have all of their columns.
states as (
    select
        order_key,
        person_key,
        ordered_at,
        order_status,
        is_cancelled,
        is_test,
        is_deleted
    from {{ ref('order_headers') }}
    where {{ is_affected('order_headers', 'order_key', 'affected_person_orders') }}
),

validated as (
    select
        states.order_key as order_key,
        states.person_key as person_key,
        states.ordered_at as ordered_at,
        case
            when states.is_deleted then 'deleted'
            when states.is_test then 'test'
            when states.order_status = 'unavailable' then 'unavailable'
            when states.is_cancelled then 'cancelled'
            when lines.order_key is null then 'no lines'
            when lines.gift_cards_alone = 1 then 'gift cards alone'
        end as invalid_reason
    from states
    left join lines
        on states.order_key = lines.order_key
),

numbered as (
    select
        validated.order_key as order_key,
        validated.person_key as person_key,
        row_number() over (partition by validated.person_key order by validated.ordered_at, validated.order_key) as order_sequence,
        lag(validated.ordered_at) over (partition by validated.person_key order by validated.ordered_at, validated.order_key) as previous_ordered_at
    from validated
    where validated.invalid_reason is null
),

{% if before -%}
-- Where the numbers go on: all other orders of these persons come before.
earlier as (
    select
        orders_before.person_key as person_key,
        max(orders_before.order_sequence) as last_sequence,
        max(orders_before.ordered_at) as last_ordered_at
    from {{ before }} as orders_before
    where orders_before.is_valid
        and orders_before.person_key in (select states.person_key from states)
        and orders_before.order_key not in (select rewritten.order_key from {{ ref('affected_person_orders') }} as rewritten)
    group by orders_before.person_key
),

{% endif -%}
sequenced as (
    select
        numbered.order_key as order_key,
        cast(numbered.order_sequence{% if before %} + coalesce(earlier.last_sequence, 0){% endif %} as integer) as order_sequence,
        {% if before %}coalesce(numbered.previous_ordered_at, earlier.last_ordered_at){% else %}numbered.previous_ordered_at{% endif %} as previous_ordered_at
    from numbered
    {%- if before %}
    left join earlier
        on numbered.person_key = earlier.person_key
    {%- endif %}
),

final as (
    select
        headers.order_key as order_key,
        headers.source as source,
        headers.order_id as order_id,
        headers.customer_id as customer_id,
        headers.customer_key as customer_key,
        headers.person_key as person_key,
        headers.store_id as store_id,
        headers.store_key as store_key,
        headers.geography_id as geography_id,
        headers.geography_key as geography_key,
        headers.employee_id as employee_id,
        headers.employee_key as employee_key,
        headers.channel as channel,
        headers.channel_key as channel_key,
        headers.order_status as order_status,
        validated.invalid_reason is null as is_valid,
        validated.invalid_reason as invalid_reason,
        headers.is_cancelled as is_cancelled,
        not headers.is_test and not headers.is_deleted as is_sale,
        headers.ordered_at as ordered_at,
        headers.ordered_at_local as ordered_at_local,
        headers.order_date as order_date,
        headers.paid_at as paid_at,
        headers.cancelled_at as cancelled_at,
        headers.cancelled_date as cancelled_date,
        coalesce(headers.promised_delivery_at, shipments.promised_delivery_at) as promised_delivery_at,
        shipments.shipped_at as shipped_at,
        shipments.delivered_at as delivered_at,
        {{ days('headers.order_date', 'shipments.shipped_date') }} as days_to_ship,
        {{ days('headers.order_date', 'shipments.delivered_date') }} as days_to_deliver,
        {{ days('coalesce(headers.promised_delivery_date, shipments.promised_delivery_date)', 'shipments.delivered_date') }} as days_late,
        sequenced.order_sequence as order_sequence,
        coalesce(sequenced.order_sequence = 1, false) as is_first_order,
        sequenced.previous_ordered_at as previous_ordered_at,
        {{ days(day_at_store('sequenced.previous_ordered_at', 'headers', 'previous'), 'headers.order_date') }} as days_since_previous_order,
        headers.currency_code as currency_code,
        headers.exchange_rate as exchange_rate,
        headers.discount_code as discount_code,
        coalesce(lines.line_count, 0) as line_count,
        coalesce(lines.item_count, 0) as item_count,
        coalesce(products.product_count, 0) as product_count,
        coalesce(lines.gross_amount, 0) as gross_amount,
        coalesce(lines.discount_amount, 0) as discount_amount,
        cast(coalesce(lines.gross_amount, 0) - coalesce(lines.discount_amount, 0) as {{ type_money() }}) as net_amount,
        coalesce(lines.shipping_amount, 0) as shipping_amount,
        coalesce(lines.tax_amount, 0) as tax_amount,
        headers.duties_amount as duties_amount,
        headers.tip_amount as tip_amount,
        headers.fee_amount as fee_amount,
        cast(
            coalesce(lines.gross_amount, 0)
            - coalesce(lines.discount_amount, 0)
            + coalesce(lines.shipping_amount, 0)
            + coalesce(lines.tax_amount, 0)
            + headers.duties_amount
            + headers.tip_amount
            + headers.fee_amount as {{ type_money() }}
        ) as total_amount,
        headers.control_total_amount as control_total_amount,
        lines.cost_amount as cost_amount,
        coalesce(payments.payment_amount, 0) as payment_amount,
        payments.order_key is not null as has_payment,
        coalesce(payments.payment_fee_amount, 0) as payment_fee_amount,
        coalesce(refunds.refund_amount, 0) as refund_amount,
        coalesce(refunds.refund_product_amount, 0) as refund_product_amount,
        coalesce(shipments.shipping_cost_amount, 0) as shipping_cost_amount,
        coalesce(lines.gross_amount_reporting, 0) as gross_amount_reporting,
        coalesce(lines.discount_amount_reporting, 0) as discount_amount_reporting,
        cast(coalesce(lines.gross_amount_reporting, 0) - coalesce(lines.discount_amount_reporting, 0) as {{ type_money() }}) as net_amount_reporting,
        coalesce(lines.shipping_amount_reporting, 0) as shipping_amount_reporting,
        coalesce(lines.tax_amount_reporting, 0) as tax_amount_reporting,
        cast(
            coalesce(lines.gross_amount_reporting, 0)
            - coalesce(lines.discount_amount_reporting, 0)
            + coalesce(lines.shipping_amount_reporting, 0)
            + coalesce(lines.tax_amount_reporting, 0)
            + {{ in_reporting('(headers.duties_amount + headers.tip_amount + headers.fee_amount)', 'headers.exchange_rate') }} as {{ type_money() }}
        ) as total_amount_reporting,
        lines.cost_amount_reporting as cost_amount_reporting,
        coalesce(refunds.refund_amount_reporting, 0) as refund_amount_reporting,
        coalesce(refunds.refund_product_amount_reporting, 0) as refund_product_amount_reporting
    from headers
    inner join validated
        on headers.order_key = validated.order_key
    left join sequenced
        on headers.order_key = sequenced.order_key
    left join lines
        on headers.order_key = lines.order_key
    left join products
        on headers.order_key = products.order_key
    left join payments
        on headers.order_key = payments.order_key
    left join refunds
        on headers.order_key = refunds.order_key
    left join shipments
        on headers.order_key = shipments.order_key
    {{ joined_offset('sequenced.previous_ordered_at', 'headers', 'previous') }}
)

select
    order_key,
    source,
    order_id,
    customer_id,
    customer_key,
    person_key,
    store_id,
    store_key,
    geography_id,
    geography_key,
    employee_id,
    employee_key,
    channel,
    channel_key,
    order_status,
    is_valid,
    invalid_reason,
    is_cancelled,
    is_sale,
    ordered_at,
    ordered_at_local,
    order_date,
    paid_at,
    cancelled_at,
    cancelled_date,
    promised_delivery_at,
    shipped_at,
    delivered_at,
    days_to_ship,
    days_to_deliver,
    days_late,
    order_sequence,
    is_first_order,
    previous_ordered_at,
    days_since_previous_order,
    currency_code,
    exchange_rate,
    discount_code,
    line_count,
    item_count,
    product_count,
    gross_amount,
    discount_amount,
    net_amount,
    shipping_amount,
    tax_amount,
    duties_amount,
    tip_amount,
    fee_amount,
    total_amount,
    control_total_amount,
    cost_amount,
    payment_amount,
    has_payment,
    payment_fee_amount,
    refund_amount,
    refund_product_amount,
    shipping_cost_amount,
    gross_amount_reporting,
    discount_amount_reporting,
    net_amount_reporting,
    shipping_amount_reporting,
    tax_amount_reporting,
    total_amount_reporting,
    cost_amount_reporting,
    refund_amount_reporting,
    refund_product_amount_reporting
from final
