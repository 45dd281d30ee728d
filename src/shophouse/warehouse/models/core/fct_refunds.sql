-- One row per refund. Amounts are positive, in the order's currency; the order may be unknown to the source.
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
    from {{ ref('input_refunds') }}
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
        currency_code
    from {{ ref('order_headers') }}
),

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
    refund_key,
    source,
    refund_id,
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
    refund_reason,
    refund_amount,
    product_amount,
    tax_amount,
    shipping_amount,
    other_amount
from final
