with

months as (
    select
        month_start_date,
        sum(order_count) as order_count,
        sum(gross_amount) as gross_amount,
        sum(net_sales_amount) as net_sales_amount
    from marts.sales_monthly
    where {filters}
    group by month_start_date
),

compared as (
    select
        months.month_start_date,
        months.order_count,
        months.gross_amount,
        months.net_sales_amount,
        before.net_sales_amount as previous_amount,
        year_ago.net_sales_amount as year_ago_amount
    from months
    left join months as before
        on before.month_start_date = months.month_start_date - interval 1 month
    left join months as year_ago
        on year_ago.month_start_date = months.month_start_date - interval 1 year
)

select
    month_start_date,
    order_count,
    gross_amount,
    net_sales_amount,
    case when previous_amount > 0 then cast(net_sales_amount as double) / previous_amount - 1 end as previous_month_growth_rate,
    case when year_ago_amount > 0 then cast(net_sales_amount as double) / year_ago_amount - 1 end as year_ago_growth_rate
from compared
where month_start_date between $year_start and $end
order by month_start_date desc
