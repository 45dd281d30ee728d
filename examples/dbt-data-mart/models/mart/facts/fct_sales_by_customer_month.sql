-- One row per account and month in which money moved; customer_key 0 holds guests.
with

ledger as (
    select
        customer_key,
        {{ shophouse.date_trunc_date('month', 'event_date') }} as month_start_date,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        net_sales_amount
    from {{ ref('fct_sales_ledger') }}
)

select
    ledger.month_start_date as month_start_date,
    ledger.customer_key as customer_key,
    {{ ledger_sums('ledger') }}
from ledger
group by
    ledger.month_start_date,
    ledger.customer_key
