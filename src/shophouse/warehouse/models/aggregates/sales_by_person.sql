-- One row per person with an order, and the unknown member where money has no person: the ledger to date, with its signs, beside the counts of
-- valid orders. The ledger's sales are read from the lines, which they are.
-- Cost is that of the lines not cancelled: a returned article's cost stays, for it may not be sellable again.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='person_key',
    meta={'affected': 'affected_persons'}
) }}

with

persons as (
    select
        person_key,
        order_count,
        valid_order_count,
        first_order_date,
        last_order_date,
        cohort_month,
        first_geography_key,
        first_channel_key
    from {{ ref('dim_person') }}
    where {{ is_affected('dim_person', 'person_key', 'affected_persons') }}
),

items as (
    select
        person_key,
        cast(sum(item_count) as {{ type_money() }}) as item_count
    from {{ ref('fct_orders') }}
    where is_valid
        and {{ is_affected('fct_orders', 'person_key', 'affected_persons') }}
    group by person_key
),

sold as (
    select
        person_key,
        cast(sum({{ in_reporting('gross_amount') }}) as {{ type_money() }}) as gross_amount,
        cast(sum(-({{ in_reporting('discount_amount') }})) as {{ type_money() }}) as discount_amount,
        cast(sum(case when not is_cancelled then cost_amount_reporting end) as {{ type_money() }}) as cost_amount
    from {{ ref('fct_order_items') }}
    where is_sale
        and {{ is_affected('fct_order_items', 'person_key', 'affected_persons') }}
    group by person_key
),

taken_back as (
    select
        person_key,
        cast(sum(return_amount) as {{ type_money() }}) as return_amount,
        cast(sum(cancellation_amount) as {{ type_money() }}) as cancellation_amount
    from {{ ref('taken_back') }}
    where {{ is_affected('taken_back', 'person_key', 'affected_persons') }}
    group by person_key
),

final as (
    select
        persons.person_key as person_key,
        persons.cohort_month as cohort_month,
        persons.first_order_date as first_order_date,
        persons.last_order_date as last_order_date,
        persons.first_geography_key as first_geography_key,
        persons.first_channel_key as first_channel_key,
        cast(persons.order_count as bigint) as order_count,
        cast(persons.valid_order_count as bigint) as valid_order_count,
        coalesce(items.item_count, 0) as item_count,
        coalesce(sold.gross_amount, 0) as gross_amount,
        coalesce(sold.discount_amount, 0) as discount_amount,
        coalesce(taken_back.return_amount, 0) as return_amount,
        coalesce(taken_back.cancellation_amount, 0) as cancellation_amount,
        cast(
            coalesce(sold.gross_amount, 0)
            + coalesce(sold.discount_amount, 0)
            + coalesce(taken_back.return_amount, 0)
            + coalesce(taken_back.cancellation_amount, 0) as {{ type_money() }}
        ) as net_sales_amount,
        sold.cost_amount as cost_amount
    from persons
    left join items
        on persons.person_key = items.person_key
    left join sold
        on persons.person_key = sold.person_key
    left join taken_back
        on persons.person_key = taken_back.person_key
    where persons.order_count > 0
        or taken_back.person_key is not null
)

select
    person_key,
    cohort_month,
    first_order_date,
    last_order_date,
    first_geography_key,
    first_channel_key,
    order_count,
    valid_order_count,
    item_count,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    cost_amount
from final
