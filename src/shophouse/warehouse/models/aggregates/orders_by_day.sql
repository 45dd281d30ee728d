-- One row per day on which orders were placed, store, channel and state, every order counted once. Valid unless a column says otherwise.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_date',
    meta={'affected': 'affected_days'}
) }}

with

orders as (
    select
        order_date,
        store_key,
        channel_key,
        geography_key,
        is_valid,
        is_cancelled,
        is_first_order,
        item_count,
        line_count
    from {{ ref('fct_orders') }}
    where {{ is_affected('fct_orders', 'order_date', 'affected_days') }}
),

places as (
    select
        geography_key,
        {{ region_code('country_code', 'country') }} as country_code,
        {{ region_code('state_code', 'state') }} as state_code
    from {{ ref('dim_geography') }}
),

final as (
    select
        orders.order_date as order_date,
        orders.store_key as store_key,
        orders.channel_key as channel_key,
        coalesce(places.country_code, 'unknown') as country_code,
        coalesce(places.state_code, 'unknown') as state_code,
        {{ sum_count('case when orders.is_valid then 1 else 0 end') }} as order_count,
        cast(count(*) as bigint) as all_order_count,
        {{ sum_count('case when orders.is_cancelled then 1 else 0 end') }} as cancelled_order_count,
        {{ sum_count('case when orders.is_first_order then 1 else 0 end') }} as new_customer_count,
        {{ sum_count('case when orders.is_valid and not orders.is_first_order then 1 else 0 end') }} as returning_order_count,
        {{ sum_count('case when orders.is_valid then orders.line_count else 0 end') }} as line_count,
        cast(sum(case when orders.is_valid then orders.item_count else 0 end) as {{ type_money_sum() }}) as item_count
    from orders
    left join places
        on orders.geography_key = places.geography_key
    group by
        orders.order_date,
        orders.store_key,
        orders.channel_key,
        coalesce(places.country_code, 'unknown'),
        coalesce(places.state_code, 'unknown')
)

select
    order_date,
    store_key,
    channel_key,
    country_code,
    state_code,
    order_count,
    all_order_count,
    cancelled_order_count,
    new_customer_count,
    returning_order_count,
    line_count,
    item_count
from final
