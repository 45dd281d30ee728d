-- One row per month of payment, method and kind of transaction. captured_amount is what moved: negative for refunds, 0 for what only reserves or failed.
with

payments as (
    select
        paid_date,
        payment_method,
        payment_kind,
        installment_count,
        {{ in_reporting('payment_amount') }} as payment_amount,
        {{ in_reporting('captured_amount') }} as captured_amount,
        {{ in_reporting('fee_amount') }} as fee_amount
    from {{ ref('fct_payments') }}
),

summed as (
    select
        {{ date_trunc_date('month', 'payments.paid_date') }} as month_start_date,
        payments.payment_method as payment_method,
        payments.payment_kind as payment_kind,
        cast(count(*) as bigint) as payment_count,
        {{ sum_count('case when payments.installment_count > 1 then 1 else 0 end') }} as installment_payment_count,
        {{ sum_count('payments.installment_count') }} as installment_count,
        {{ sum_money('payments.payment_amount') }} as payment_amount,
        {{ sum_money('payments.captured_amount') }} as captured_amount,
        {{ sum_money('payments.fee_amount') }} as fee_amount
    from payments
    group by
        {{ date_trunc_date('month', 'payments.paid_date') }},
        payments.payment_method,
        payments.payment_kind
),

-- Apart, for of a window over sums DuckDB makes the sums once more.
totals as (
    select
        summed.month_start_date as month_start_date,
        summed.payment_kind as payment_kind,
        {{ sum_count('summed.payment_count') }} as payment_count,
        {{ sum_money('summed.payment_amount') }} as payment_amount
    from summed
    group by
        summed.month_start_date,
        summed.payment_kind
),

final as (
    select
        summed.month_start_date as month_start_date,
        summed.payment_method as payment_method,
        summed.payment_kind as payment_kind,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        summed.payment_count as payment_count,
        summed.payment_amount as payment_amount,
        summed.captured_amount as captured_amount,
        summed.fee_amount as fee_amount,
        {{ money_per('summed.payment_amount', 'summed.payment_count') }} as average_payment_amount,
        {{ ratio('summed.payment_count', 'totals.payment_count') }} as payment_share_rate,
        {{ ratio('summed.payment_amount', 'totals.payment_amount') }} as amount_share_rate,
        {{ ratio('summed.fee_amount', 'summed.payment_amount') }} as fee_rate,
        summed.installment_payment_count as installment_payment_count,
        {{ ratio('summed.installment_count', 'summed.payment_count') }} as average_installment_count
    from summed
    inner join totals
        on summed.month_start_date = totals.month_start_date
        and summed.payment_kind = totals.payment_kind
)

select
    month_start_date,
    payment_method,
    payment_kind,
    currency_code,
    payment_count,
    payment_amount,
    captured_amount,
    fee_amount,
    average_payment_amount,
    payment_share_rate,
    amount_share_rate,
    fee_rate,
    installment_payment_count,
    average_installment_count
from final
