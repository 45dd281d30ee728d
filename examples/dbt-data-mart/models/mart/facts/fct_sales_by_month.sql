-- One row per month in which money moved: the days of fct_sales_by_day, summed.
with

days as (
    select
        {{ shophouse.date_trunc_date('month', 'date_day') }} as month_start_date,
        gross_amount,
        discount_amount,
        taken_back_amount,
        net_sales_amount
    from {{ ref('fct_sales_by_day') }}
)

select
    days.month_start_date as month_start_date,
    {{ total('days.gross_amount') }} as gross_amount,
    {{ total('days.discount_amount') }} as discount_amount,
    {{ total('days.taken_back_amount') }} as taken_back_amount,
    {{ total('days.net_sales_amount') }} as net_sales_amount
from days
group by days.month_start_date
