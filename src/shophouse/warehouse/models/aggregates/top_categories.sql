-- One row per person who bought something and category of which the person bought most: more than one row where several are equal. Before returns,
-- without cancelled orders, and in the categories in which the products are now.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='person_key',
    meta={'affected': 'affected_buyers'}
) }}

with

lines as (
    select
        person_key,
        product_key,
        {{ in_reporting('gross_amount') }} as gross_amount
    from {{ ref('fct_order_items') }}
    where is_sale
        and not is_cancelled
        and {{ is_affected('fct_order_items', 'person_key', 'affected_buyers') }}
),

products as (
    select
        product_key,
        category_key
    from {{ ref('dim_product') }}
),

bought as (
    select
        lines.person_key as person_key,
        products.category_key as category_key,
        cast(sum(lines.gross_amount) as {{ type_money() }}) as gross_amount
    from lines
    inner join products
        on lines.product_key = products.product_key
    group by
        lines.person_key,
        products.category_key
),

most_bought as (
    select
        person_key,
        max(gross_amount) as gross_amount
    from bought
    group by person_key
)

select
    bought.person_key as person_key,
    bought.category_key as category_key,
    bought.gross_amount as gross_amount
from bought
inner join most_bought
    on bought.person_key = most_bought.person_key
    and bought.gross_amount = most_bought.gross_amount
