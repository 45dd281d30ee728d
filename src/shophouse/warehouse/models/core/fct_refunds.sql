-- One row per refund. Amounts are positive, in the order's currency and worth what they were on the day of the order, so that a full refund takes back
-- what the sale brought; the order may be unknown to the source, and the day is then that of the refund.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='refund_key',
    meta={'affected': 'affected_refunds'}
) }}

with

refunds as (
    select
        source,
        refund_id,
        order_id,
        refunded_at,
        amount,
        product_amount,
        tax_amount,
        shipping_amount,
        reason,
        currency_code
    from {{ affected_input('refunds', by='refund_id', affected='affected_refunds') }} as input_refunds
),

headers as (
    select
        source,
        order_id,
        order_key,
        customer_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        is_cancelled,
        is_test,
        is_deleted,
        order_date,
        store_timezone,
        currency_code,
        exchange_rate
    from {{ ref('order_headers') }}
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
joined as (
    select
        refunds.source as source,
        refunds.refund_id as refund_id,
        coalesce(headers.order_key, {{ unknown_key() }}) as order_key,
        coalesce(headers.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(headers.person_key, {{ unknown_key() }}) as person_key,
        coalesce(headers.store_key, {{ surrogate_key(['refunds.source', 'refunds.source']) }}) as store_key,
        coalesce(headers.geography_key, {{ unknown_key() }}) as geography_key,
        coalesce(headers.channel_key, {{ surrogate_key(["'unknown'"]) }}) as channel_key,
        headers.order_key is not null as has_order,
        coalesce(headers.is_cancelled, false) as is_cancelled,
        not coalesce(headers.is_test, false) and not coalesce(headers.is_deleted, false) as is_sale,
        headers.order_date as order_date,
        coalesce(headers.store_timezone, {{ shop_timezone() }}) as store_timezone,
        refunds.refunded_at as refunded_at,
        coalesce(headers.currency_code, refunds.currency_code, {{ shop_currency() }}) as currency_code,
        headers.exchange_rate as order_exchange_rate,
        refunds.reason as refund_reason,
        refunds.amount as refund_amount,
        coalesce(refunds.tax_amount, 0) as tax_amount,
        coalesce(refunds.shipping_amount, 0) as shipping_amount,
        coalesce(refunds.product_amount, refunds.amount - coalesce(refunds.tax_amount, 0) - coalesce(refunds.shipping_amount, 0)) as product_amount
    from refunds
    left join headers
        on refunds.source = headers.source
        and refunds.order_id = headers.order_id
),

final as (
    select
        {{ surrogate_key(['joined.source', 'joined.refund_id']) }} as refund_key,
        joined.source as source,
        joined.refund_id as refund_id,
        joined.order_key as order_key,
        joined.customer_key as customer_key,
        joined.person_key as person_key,
        joined.store_key as store_key,
        joined.geography_key as geography_key,
        joined.channel_key as channel_key,
        joined.has_order as has_order,
        joined.is_cancelled as is_cancelled,
        joined.is_sale as is_sale,
        coalesce(joined.order_date, {{ day_at_store('joined.refunded_at', 'joined', 'refunded') }}) as order_date,
        {{ day_at_store('joined.refunded_at', 'joined', 'refunded') }} as refunded_date,
        joined.refunded_at as refunded_at,
        joined.currency_code as currency_code,
        joined.order_exchange_rate as order_exchange_rate,
        joined.refund_reason as refund_reason,
        cast(joined.refund_amount as {{ type_money() }}) as refund_amount,
        cast(joined.product_amount as {{ type_money() }}) as product_amount,
        cast(joined.tax_amount as {{ type_money() }}) as tax_amount,
        cast(joined.shipping_amount as {{ type_money() }}) as shipping_amount,
        cast(joined.refund_amount - joined.product_amount - joined.tax_amount - joined.shipping_amount as {{ type_money() }}) as other_amount
    from joined
    {{ joined_offset('joined.refunded_at', 'joined', 'refunded') }}
)

select
    final.refund_key as refund_key,
    final.source as source,
    final.refund_id as refund_id,
    final.order_key as order_key,
    final.customer_key as customer_key,
    final.person_key as person_key,
    final.store_key as store_key,
    final.geography_key as geography_key,
    final.channel_key as channel_key,
    final.has_order as has_order,
    final.is_cancelled as is_cancelled,
    final.is_sale as is_sale,
    final.order_date as order_date,
    final.refunded_date as refunded_date,
    final.refunded_at as refunded_at,
    final.currency_code as currency_code,
    case when final.has_order then final.order_exchange_rate else {{ rate_into_shop('final.currency_code', 'rates.rate') }} end as exchange_rate,
    final.refund_reason as refund_reason,
    final.refund_amount as refund_amount,
    final.product_amount as product_amount,
    final.tax_amount as tax_amount,
    final.shipping_amount as shipping_amount,
    final.other_amount as other_amount
from final
{%- if has_currencies() %}
left join rates
    on final.refunded_date = rates.rate_date
    and final.currency_code = rates.from_currency
{%- endif %}
