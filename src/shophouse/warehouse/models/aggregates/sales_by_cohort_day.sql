-- One row per day of the first valid order and day on which money moved: the event book of the persons who have a valid order.
with

persons as (
    select
        person_key,
        first_order_date,
        cohort_month
    from {{ ref('dim_person') }}
    where cohort_month is not null
),

ledger as (
    select
        person_key,
        event_date,
        {{ sum_money('net_sales_amount') }} as net_sales_amount
    from {{ ref('fct_sales_ledger') }}
    group by
        person_key,
        event_date
),

final as (
    select
        persons.cohort_month as cohort_month,
        persons.first_order_date as first_order_date,
        ledger.event_date as event_date,
        {{ sum_money('ledger.net_sales_amount') }} as net_sales_amount
    from ledger
    inner join persons
        on ledger.person_key = persons.person_key
    group by
        persons.cohort_month,
        persons.first_order_date,
        ledger.event_date
)

select
    cohort_month,
    first_order_date,
    event_date,
    net_sales_amount
from final
