-- One row per day on which refunds or cancellations took money back, person and product: the event book. Sums of the ledger, with its signs.
with

ledger as (
    select
        event_date,
        person_key,
        product_key,
        quantity,
        return_amount_reporting as return_amount,
        cancellation_amount_reporting as cancellation_amount
    from {{ ref('fct_sales_ledger') }}
    where event_kind not in ('sale', 'charge')
)

select
    ledger.event_date as event_date,
    ledger.person_key as person_key,
    ledger.product_key as product_key,
    cast(sum(ledger.quantity) as {{ type_money_sum() }}) as quantity,
    {{ sum_money('ledger.return_amount') }} as return_amount,
    {{ sum_money('ledger.cancellation_amount') }} as cancellation_amount
from ledger
group by
    ledger.event_date,
    ledger.person_key,
    ledger.product_key
