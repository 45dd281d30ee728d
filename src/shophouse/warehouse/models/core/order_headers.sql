-- One row per order: its keys, dates, status and order-level amounts. Internal: what fct_order_items and fct_orders share.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_key',
    meta={'affected': 'affected_orders'}
) }}

with

orders as (
    select
        source,
        order_id,
        ordered_at,
        status,
        currency_code,
        customer_id,
        store_id,
        channel,
        employee_id,
        paid_at,
        cancelled_at,
        promised_delivery_at,
        discount_amount,
        shipping_amount,
        tax_amount,
        duties_amount,
        tip_amount,
        fee_amount,
        total_amount,
        taxes_included,
        shipping_geography_id,
        is_test,
        discount_code,
        is_deleted
    from {{ affected_input('orders', by='order_id', affected='affected_orders') }} as input_orders
),

customers as (
    select
        source,
        customer_id,
        email,
        geography_id
    from {{ affected_input('customers', by='customer_id', affected='affected_customers') }} as input_customers
),

identities as (
    select
        source,
        customer_id,
        person_id,
        row_number() over (
            partition by source, customer_id
            order by confidence desc nulls last, person_id
        ) as identity_rank
    from {{ affected_input('customer_identities', by='customer_id', affected='affected_customers') }} as input_customer_identities
),

-- Keys are hashed once for each customer, not for each order.
accounts as (
    select
        customers.source as source,
        customers.customer_id as customer_id,
        {{ surrogate_key(['customers.source', 'customers.customer_id']) }} as customer_key,
        {{ surrogate_key([person_id('customers', 'identities')]) }} as person_key,
        customers.geography_id as geography_id
    from customers
    left join identities
        on customers.source = identities.source
        and customers.customer_id = identities.customer_id
        and identities.identity_rank = 1
),

-- An account that only orders and identities name.
strangers as (
    select
        identities.source as source,
        identities.customer_id as customer_id,
        {{ surrogate_key([identity_id('identities')]) }} as person_key
    from identities
    left join customers
        on identities.source = customers.source
        and identities.customer_id = customers.customer_id
    where customers.customer_id is null
        and identities.identity_rank = 1
),

sources as (
    {%- for source in shop_sources() %}
    select
        '{{ source }}' as source,
        {{ surrogate_key(["'" ~ source ~ "'", "'" ~ source ~ "'"]) }} as store_key
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

statuses as (
    select
        status,
        order_status,
        is_cancelled
    from {{ ref('order_statuses') }}
),

stores as (
    select
        source,
        store_id,
        timezone
    from {{ ref('input_stores') }}
),
{% if has_currencies() %}
rates as (
    select
        rate_date,
        from_currency,
        rate
    from {{ ref('fct_exchange_rates_daily') }}
),
{% endif %}
resolved as (
    select
        orders.source as source,
        orders.order_id as order_id,
        {{ surrogate_key(['orders.source', 'orders.order_id']) }} as order_key,
        orders.customer_id as customer_id,
        coalesce(
            accounts.customer_key,
            {{ key_or_unknown('orders.source', 'orders.customer_id') }}
        ) as customer_key,
        coalesce(
            accounts.person_key,
            strangers.person_key,
            case
                when orders.customer_id is null then {{ surrogate_key([guest_id('orders')]) }}
                else {{ surrogate_key([account_id('orders')]) }}
            end
        ) as person_key,
        coalesce(orders.store_id, orders.source) as store_id,
        case
            when orders.store_id is null then sources.store_key
            else {{ surrogate_key(['orders.source', 'orders.store_id']) }}
        end as store_key,
        coalesce(orders.shipping_geography_id, accounts.geography_id) as geography_id,
        orders.employee_id as employee_id,
        coalesce(orders.channel, 'unknown') as channel,
        statuses.order_status as order_status,
        statuses.is_cancelled as is_cancelled,
        coalesce(orders.is_test, false) as is_test,
        coalesce(orders.is_deleted, false) as is_deleted,
        orders.ordered_at as ordered_at,
        {% if has_entity('stores') %}coalesce(stores.timezone, {{ shop_timezone() }}){% else %}{{ shop_timezone() }}{% endif %} as store_timezone,
        orders.paid_at as paid_at,
        orders.cancelled_at as cancelled_at,
        orders.promised_delivery_at as promised_delivery_at,
        orders.currency_code as currency_code,
        coalesce(orders.taxes_included, false) as has_taxes_included,
        orders.discount_code as discount_code,
        coalesce(orders.discount_amount, 0) as order_discount_amount,
        coalesce(orders.shipping_amount, 0) as order_shipping_amount,
        coalesce(orders.tax_amount, 0) as order_tax_amount,
        coalesce(orders.duties_amount, 0) as duties_amount,
        coalesce(orders.tip_amount, 0) as tip_amount,
        coalesce(orders.fee_amount, 0) as fee_amount,
        orders.total_amount as control_total_amount
    from orders
    inner join statuses
        on orders.status = statuses.status
    left join sources
        on orders.source = sources.source
    left join accounts
        on orders.source = accounts.source
        and orders.customer_id = accounts.customer_id
    left join strangers
        on orders.source = strangers.source
        and orders.customer_id = strangers.customer_id
    left join stores
        on orders.source = stores.source
        and orders.store_id = stores.store_id
),

final as (
    select
        resolved.order_key as order_key,
        resolved.source as source,
        resolved.order_id as order_id,
        resolved.customer_id as customer_id,
        resolved.customer_key as customer_key,
        resolved.person_key as person_key,
        resolved.store_id as store_id,
        resolved.store_key as store_key,
        resolved.geography_id as geography_id,
        {{ key_or_unknown('resolved.source', 'resolved.geography_id') }} as geography_key,
        resolved.employee_id as employee_id,
        {{ key_or_unknown('resolved.source', 'resolved.employee_id') }} as employee_key,
        resolved.channel as channel,
        {{ surrogate_key(['resolved.channel']) }} as channel_key,
        resolved.order_status as order_status,
        resolved.is_cancelled as is_cancelled,
        resolved.is_test as is_test,
        resolved.is_deleted as is_deleted,
        resolved.ordered_at as ordered_at,
        {{ at_store('resolved.ordered_at', 'resolved', 'ordered') }} as ordered_at_local,
        {{ day_at_store('resolved.ordered_at', 'resolved', 'ordered') }} as order_date,
        resolved.paid_at as paid_at,
        resolved.cancelled_at as cancelled_at,
        case
            when resolved.is_cancelled
                then {{ local_date('coalesce(resolved.cancelled_at, resolved.ordered_at)', order_timezone('resolved')) }}
        end as cancelled_date,
        resolved.promised_delivery_at as promised_delivery_at,
        {{ day_at_store('resolved.promised_delivery_at', 'resolved', 'promised') }} as promised_delivery_date,
        resolved.store_timezone as store_timezone,
        resolved.currency_code as currency_code,
        resolved.has_taxes_included as has_taxes_included,
        resolved.discount_code as discount_code,
        resolved.order_discount_amount as order_discount_amount,
        resolved.order_shipping_amount as order_shipping_amount,
        resolved.order_tax_amount as order_tax_amount,
        resolved.duties_amount as duties_amount,
        resolved.tip_amount as tip_amount,
        resolved.fee_amount as fee_amount,
        resolved.control_total_amount as control_total_amount
    from resolved
    {{ joined_offset('resolved.ordered_at', 'resolved', 'ordered') }}
    {{ joined_offset('resolved.promised_delivery_at', 'resolved', 'promised') }}
)

select
    final.order_key as order_key,
    final.source as source,
    final.order_id as order_id,
    final.customer_id as customer_id,
    final.customer_key as customer_key,
    final.person_key as person_key,
    final.store_id as store_id,
    final.store_key as store_key,
    final.geography_id as geography_id,
    final.geography_key as geography_key,
    final.employee_id as employee_id,
    final.employee_key as employee_key,
    final.channel as channel,
    final.channel_key as channel_key,
    final.order_status as order_status,
    final.is_cancelled as is_cancelled,
    final.is_test as is_test,
    final.is_deleted as is_deleted,
    final.ordered_at as ordered_at,
    final.ordered_at_local as ordered_at_local,
    final.order_date as order_date,
    final.paid_at as paid_at,
    final.cancelled_at as cancelled_at,
    final.cancelled_date as cancelled_date,
    final.promised_delivery_at as promised_delivery_at,
    final.promised_delivery_date as promised_delivery_date,
    final.store_timezone as store_timezone,
    final.currency_code as currency_code,
    {{ rate_into_shop('final.currency_code', 'rates.rate') }} as exchange_rate,
    final.has_taxes_included as has_taxes_included,
    final.discount_code as discount_code,
    final.order_discount_amount as order_discount_amount,
    final.order_shipping_amount as order_shipping_amount,
    final.order_tax_amount as order_tax_amount,
    final.duties_amount as duties_amount,
    final.tip_amount as tip_amount,
    final.fee_amount as fee_amount,
    final.control_total_amount as control_total_amount
from final
{%- if has_currencies() %}
left join rates
    on final.order_date = rates.rate_date
    and final.currency_code = rates.from_currency
{%- endif %}
