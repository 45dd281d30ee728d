-- One row per product and month in which money moved; product_key 0 holds what belongs to no product.
with

ledger as (
    select
        product_key,
        {{ shophouse.date_trunc_date('month', 'event_date') }} as month_start_date,
        quantity,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        net_sales_amount
    from {{ ref('fct_sales_ledger') }}
)

select
    ledger.month_start_date as month_start_date,
    ledger.product_key as product_key,
    {{ total('ledger.quantity') }} as quantity,
    {{ ledger_sums('ledger') }}
from ledger
group by
    ledger.month_start_date,
    ledger.product_key
