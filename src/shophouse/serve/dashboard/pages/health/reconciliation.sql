with

totals as (
    select 1 as place_number, 'Sales by day (sales_daily)' as place, sum(net_sales_amount) as net_sales_amount
    from marts.sales_daily
    union all
    select 2, 'Sales by order day (sales_daily_by_order_date)', sum(net_sales_amount)
    from marts.sales_daily_by_order_date
    union all
    select 3, 'Sales by month (sales_monthly)', sum(net_sales_amount)
    from marts.sales_monthly
    union all
    select 4, 'Profit and loss (profit_and_loss_daily)', sum(net_sales_amount)
    from marts.profit_and_loss_daily
    union all
    select 5, 'Products (product_performance)', sum(net_sales_amount)
    from marts.product_performance
    union all
    select 6, 'Categories (category_sales_as_sold)', sum(net_sales_amount)
    from marts.category_sales_as_sold
    union all
    select 7, 'Customers (customer_360)', sum(net_sales_amount)
    from marts.customer_360
    union all
    select 8, 'Segments (customer_segments)', sum(net_sales_amount)
    from marts.customer_segments
    union all
    select 9, 'Sellers (seller_performance)', sum(net_sales_amount)
    from marts.seller_performance
    union all
    select 10, 'Cohorts (cohort_lifetime_value)', sum(net_sales_amount)
    from marts.cohort_lifetime_value
)

select
    place,
    net_sales_amount,
    net_sales_amount - first_value(net_sales_amount) over (order by place_number) as difference_amount
from totals
where net_sales_amount is not null
order by place_number
