-- One row per day on which money moved.
with

ledger as (
    select
        event_date,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        net_sales_amount
    from {{ ref('fct_sales_ledger') }}
)

select
    ledger.event_date as date_day,
    {{ ledger_sums('ledger') }}
from ledger
group by ledger.event_date
