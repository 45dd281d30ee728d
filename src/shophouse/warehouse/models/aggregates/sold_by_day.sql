-- One row per day of the order, store, channel and state: sales and charges, which are on the same day in both books. What takes them back isn't in it.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_date',
    meta={'affected': 'affected_days'}
) }}

with

ledger as (
    select
        order_date,
        store_key,
        channel_key,
        geography_key,
        quantity,
        gross_amount_reporting as gross_amount,
        discount_amount_reporting as discount_amount,
        shipping_amount_reporting as shipping_amount,
        tax_amount_reporting as tax_amount,
        other_amount_reporting as other_amount
    from {{ ref('fct_sales_ledger') }}
    where event_kind in ('sale', 'charge')
        and {{ is_affected('fct_sales_ledger', 'order_date', 'affected_days') }}
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
        ledger.order_date as order_date,
        ledger.store_key as store_key,
        ledger.channel_key as channel_key,
        coalesce(places.country_code, 'unknown') as country_code,
        coalesce(places.state_code, 'unknown') as state_code,
        cast(sum(ledger.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('ledger.gross_amount') }} as gross_amount,
        {{ sum_money('ledger.discount_amount') }} as discount_amount,
        {{ sum_money('ledger.shipping_amount') }} as shipping_amount,
        {{ sum_money('ledger.tax_amount') }} as tax_amount,
        {{ sum_money('ledger.other_amount') }} as other_amount
    from ledger
    left join places
        on ledger.geography_key = places.geography_key
    group by
        ledger.order_date,
        ledger.store_key,
        ledger.channel_key,
        coalesce(places.country_code, 'unknown'),
        coalesce(places.state_code, 'unknown')
)

select
    order_date,
    store_key,
    channel_key,
    country_code,
    state_code,
    quantity,
    gross_amount,
    discount_amount,
    shipping_amount,
    tax_amount,
    other_amount
from final
