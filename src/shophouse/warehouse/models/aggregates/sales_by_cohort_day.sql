-- One row per day of the first valid order and day on which money moved: the event book of the persons who have a valid order.
-- The ledger's sales are read from the lines, which they are.
with

persons as (
    select
        person_key,
        first_order_date,
        cohort_month
    from {{ ref('dim_person') }}
    where cohort_month is not null
),

lines as (
    select
        person_key,
        order_date,
        {{ line_net_in_reporting() }} as net_amount
    from {{ ref('fct_order_items') }}
    where is_sale
),

taken_back as (
    select
        person_key,
        event_date,
        return_amount,
        cancellation_amount
    from {{ ref('taken_back') }}
),

stacked as (
    select
        persons.cohort_month as cohort_month,
        persons.first_order_date as first_order_date,
        lines.order_date as event_date,
        {{ sum_money('lines.net_amount') }} as net_sales_amount
    from lines
    inner join persons
        on lines.person_key = persons.person_key
    group by
        persons.cohort_month,
        persons.first_order_date,
        lines.order_date
    union all
    select
        persons.cohort_month as cohort_month,
        persons.first_order_date as first_order_date,
        taken_back.event_date as event_date,
        {{ sum_money('taken_back.return_amount + taken_back.cancellation_amount') }} as net_sales_amount
    from taken_back
    inner join persons
        on taken_back.person_key = persons.person_key
    group by
        persons.cohort_month,
        persons.first_order_date,
        taken_back.event_date
)

select
    stacked.cohort_month as cohort_month,
    stacked.first_order_date as first_order_date,
    stacked.event_date as event_date,
    {{ sum_money('stacked.net_sales_amount') }} as net_sales_amount
from stacked
group by
    stacked.cohort_month,
    stacked.first_order_date,
    stacked.event_date
