-- Net sales of a month here are those of shophouse's sales_monthly. Each row is a month that differs.
with

here as (
    select
        month_start_date,
        net_sales_amount
    from {{ ref('fct_sales_by_month') }}
),

there as (
    select
        month_start_date,
        sum(net_sales_amount) as net_sales_amount
    from {{ ref('sales_monthly') }}
    group by month_start_date
)

select
    coalesce(here.month_start_date, there.month_start_date) as month_start_date,
    here.net_sales_amount as here_amount,
    there.net_sales_amount as there_amount
from here
full join there
    on here.month_start_date = there.month_start_date
where coalesce(here.net_sales_amount, 0) <> coalesce(there.net_sales_amount, 0)
