-- One row per person: the accounts and guest orders that identity resolution holds to be one. The unit of cohorts and lifetime value.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='person_key',
    meta={'affected': 'affected_persons'}
) }}

with

accounts as (
    select
        person_key,
        cast(count(*) as integer) as account_count,
        min(match_method) as match_method,
        min(match_confidence) as match_confidence,
        min(created_at) as created_at,
        max(case when accepts_marketing then 1 else 0 end) as accepts_marketing
    from {{ ref('dim_customer') }}
    where person_key <> {{ unknown_key() }}
        and {{ is_affected('dim_customer', 'person_key', 'affected_persons') }}
    group by person_key
),

orders as (
    select
        person_key,
        cast(count(*) as integer) as order_count,
        cast(sum(case when is_valid then 1 else 0 end) as integer) as valid_order_count,
        min(case when is_valid then order_date end) as first_order_date,
        max(case when is_valid then order_date end) as last_order_date,
        min(case when is_first_order then order_key end) as first_order_key
    from {{ ref('fct_orders') }}
    where {{ is_affected('fct_orders', 'person_key', 'affected_persons') }}
    group by person_key
),

persons as (
    select person_key
    from accounts
    union
    select person_key
    from orders
),

first_orders as (
    select
        order_key,
        geography_key,
        channel_key
    from {{ ref('fct_orders') }}
    where is_first_order
        and {{ is_affected('fct_orders', 'person_key', 'affected_persons') }}
),

final as (
    select
        persons.person_key as person_key,
        coalesce(accounts.match_method, 'order') as match_method,
        case when accounts.person_key is null then cast(1 as double precision) else accounts.match_confidence end as match_confidence,
        coalesce(accounts.account_count, 0) as account_count,
        coalesce(accounts.accepts_marketing, 0) = 1 as accepts_marketing,
        accounts.created_at as created_at,
        coalesce(orders.order_count, 0) as order_count,
        coalesce(orders.valid_order_count, 0) as valid_order_count,
        orders.first_order_date as first_order_date,
        orders.last_order_date as last_order_date,
        {{ date_trunc_date('month', 'orders.first_order_date') }} as cohort_month,
        coalesce(orders.first_order_key, {{ unknown_key() }}) as first_order_key,
        coalesce(first_orders.geography_key, {{ unknown_key() }}) as first_geography_key,
        coalesce(first_orders.channel_key, {{ surrogate_key(["'unknown'"]) }}) as first_channel_key
    from persons
    left join accounts
        on persons.person_key = accounts.person_key
    left join orders
        on persons.person_key = orders.person_key
    left join first_orders
        on orders.first_order_key = first_orders.order_key
    union all
    select
        {{ unknown_key() }} as person_key,
        'unknown' as match_method,
        cast(null as double precision) as match_confidence,
        0 as account_count,
        false as accepts_marketing,
        cast(null as {{ type_timestamp() }}) as created_at,
        0 as order_count,
        0 as valid_order_count,
        cast(null as date) as first_order_date,
        cast(null as date) as last_order_date,
        cast(null as date) as cohort_month,
        {{ unknown_key() }} as first_order_key,
        {{ unknown_key() }} as first_geography_key,
        {{ surrogate_key(["'unknown'"]) }} as first_channel_key
)

select
    person_key,
    match_method,
    match_confidence,
    account_count,
    accepts_marketing,
    created_at,
    order_count,
    valid_order_count,
    first_order_date,
    last_order_date,
    cohort_month,
    first_order_key,
    first_geography_key,
    first_channel_key
from final
