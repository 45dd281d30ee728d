-- One row per day of the years in which anything was ordered. The model has a name of its own, for core has a dim_date too;
-- the table is marts.dim_date.
{{ config(alias='dim_date') }}

with

orders as (
    select
        min(order_date) as first_date,
        max(order_date) as last_date
    from {{ ref('fct_orders') }}
),

days as (
    select
        date_day,
        year_number,
        quarter_of_year,
        month_of_year,
        month_start_date,
        iso_week,
        day_of_week,
        day_name,
        is_weekend
    from {{ ref('dim_date') }}
)

select
    days.date_day as date_day,
    days.year_number as year_number,
    days.quarter_of_year as quarter_of_year,
    days.month_of_year as month_of_year,
    days.month_start_date as month_start_date,
    days.iso_week as iso_week,
    days.day_of_week as day_of_week,
    days.day_name as day_name,
    days.is_weekend as is_weekend
from days
cross join orders
where days.year_number between extract(year from orders.first_date) and extract(year from orders.last_date)
