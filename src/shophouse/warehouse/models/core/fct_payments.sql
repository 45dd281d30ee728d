-- One row per payment transaction. captured_amount is what it moved: positive for sales and captures, negative for refunds, 0 for authorisations, voids and failures.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_key',
    meta={'affected': 'affected_orders'}
) }}

with

payments as (
    select
        source,
        payment_id,
        order_id,
        amount,
        paid_at,
        kind,
        status,
        method,
        installments,
        fee_amount
    from {{ affected_input('payments', by='order_id', affected='affected_orders') }} as input_payments
),

headers as (
    select
        source,
        order_id,
        order_key,
        person_key,
        store_key,
        store_timezone,
        paid_at,
        ordered_at,
        currency_code,
        exchange_rate
    from {{ ref('order_headers') }}
    where {{ is_affected('order_headers', 'order_key', 'affected_orders') }}
),

kinds as (
    select
        kind,
        captured_sign
    from {{ ref('payment_kinds') }}
),

joined as (
    select
        payments.source as source,
        payments.payment_id as payment_id,
        headers.order_key as order_key,
        headers.person_key as person_key,
        headers.store_key as store_key,
        headers.store_timezone as store_timezone,
        coalesce(payments.paid_at, headers.paid_at, headers.ordered_at) as paid_at,
        coalesce(payments.kind, 'sale') as payment_kind,
        coalesce(payments.status, 'success') as payment_status,
        coalesce(payments.method, 'unknown') as payment_method,
        coalesce(payments.installments, 1) as installment_count,
        headers.currency_code as currency_code,
        headers.exchange_rate as exchange_rate,
        payments.amount as payment_amount,
        coalesce(payments.fee_amount, 0) as fee_amount,
        case
            when coalesce(payments.status, 'success') in ('failed', 'failure', 'error', 'declined', 'pending', 'void', 'voided') then 0
            else coalesce(kinds.captured_sign, 1)
        end as captured_sign
    from payments
    inner join headers
        on payments.source = headers.source
        and payments.order_id = headers.order_id
    left join kinds
        on payments.kind = kinds.kind
),

final as (
    select
        {{ surrogate_key(['joined.source', 'joined.payment_id']) }} as payment_key,
        joined.source as source,
        joined.payment_id as payment_id,
        joined.order_key as order_key,
        joined.person_key as person_key,
        joined.store_key as store_key,
        joined.paid_at as paid_at,
        {{ day_at_store('joined.paid_at', 'joined', 'paid') }} as paid_date,
        joined.payment_kind as payment_kind,
        joined.payment_status as payment_status,
        joined.payment_method as payment_method,
        joined.installment_count as installment_count,
        joined.currency_code as currency_code,
        joined.exchange_rate as exchange_rate,
        joined.payment_amount as payment_amount,
        cast(joined.payment_amount * joined.captured_sign as {{ type_money() }}) as captured_amount,
        joined.fee_amount as fee_amount
    from joined
    {{ joined_offset('joined.paid_at', 'joined', 'paid') }}
)

select
    payment_key,
    source,
    payment_id,
    order_key,
    person_key,
    store_key,
    paid_at,
    paid_date,
    payment_kind,
    payment_status,
    payment_method,
    installment_count,
    currency_code,
    exchange_rate,
    payment_amount,
    captured_amount,
    fee_amount
from final
