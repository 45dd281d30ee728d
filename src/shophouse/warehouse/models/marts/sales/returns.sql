-- One row per month in which refunds were made and reason. Amounts are positive; the rate is by the sales of the same month (the event book).
with

refund_events as (
    select
        refund_key,
        event_date,
        quantity,
        return_amount,
        shipping_amount,
        tax_amount,
        other_amount
    from {{ ref('taken_back') }}
    where event_kind = 'refund'
),

refunds as (
    select
        refund_key,
        order_key,
        refund_reason
    from {{ ref('fct_refunds') }}
),

sales as (
    select
        event_date,
        gross_amount,
        discount_amount,
        return_amount
    from {{ ref('sales_by_day') }}
),

refunded as (
    select
        refund_events.refund_key as refund_key,
        {{ date_trunc_date('month', 'refund_events.event_date') }} as month_start_date,
        cast(sum(-refund_events.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('-refund_events.return_amount') }} as return_amount,
        {{ sum_money('-refund_events.shipping_amount') }} as shipping_amount,
        {{ sum_money('-refund_events.tax_amount') }} as tax_amount,
        {{ sum_money('-refund_events.other_amount') }} as other_amount,
        {{ sum_money('-(refund_events.return_amount + refund_events.shipping_amount + refund_events.tax_amount + refund_events.other_amount)') }} as refund_amount
    from refund_events
    group by
        refund_events.refund_key,
        {{ date_trunc_date('month', 'refund_events.event_date') }}
),

by_reason as (
    select
        refunded.month_start_date as month_start_date,
        coalesce(refunds.refund_reason, 'unknown') as refund_reason,
        cast(count(*) as bigint) as refund_count,
        cast(count(distinct case when refunds.order_key <> {{ unknown_key() }} then refunds.order_key end) as bigint) as refunded_order_count,
        cast(sum(refunded.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('refunded.return_amount') }} as return_amount,
        {{ sum_money('refunded.shipping_amount') }} as shipping_amount,
        {{ sum_money('refunded.tax_amount') }} as tax_amount,
        {{ sum_money('refunded.other_amount') }} as other_amount,
        {{ sum_money('refunded.refund_amount') }} as refund_amount
    from refunded
    left join refunds
        on refunded.refund_key = refunds.refund_key
    group by
        refunded.month_start_date,
        coalesce(refunds.refund_reason, 'unknown')
),

months as (
    select
        {{ date_trunc_date('month', 'sales.event_date') }} as month_start_date,
        {{ sum_money('sales.gross_amount + sales.discount_amount') }} as sold_amount,
        {{ sum_money('-sales.return_amount') }} as return_amount
    from sales
    group by {{ date_trunc_date('month', 'sales.event_date') }}
),

final as (
    select
        by_reason.month_start_date as month_start_date,
        by_reason.refund_reason as refund_reason,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        by_reason.refund_count as refund_count,
        by_reason.refunded_order_count as refunded_order_count,
        by_reason.quantity as quantity,
        by_reason.return_amount as return_amount,
        by_reason.shipping_amount as shipping_amount,
        by_reason.tax_amount as tax_amount,
        by_reason.other_amount as other_amount,
        by_reason.refund_amount as refund_amount,
        {{ ratio('by_reason.return_amount', 'months.sold_amount') }} as return_rate,
        {{ ratio('by_reason.return_amount', 'months.return_amount') }} as return_share_rate
    from by_reason
    left join months
        on by_reason.month_start_date = months.month_start_date
)

select
    month_start_date,
    refund_reason,
    currency_code,
    refund_count,
    refunded_order_count,
    quantity,
    return_amount,
    shipping_amount,
    tax_amount,
    other_amount,
    refund_amount,
    return_rate,
    return_share_rate
from final
