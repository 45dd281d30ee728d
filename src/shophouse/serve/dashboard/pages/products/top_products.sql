with

months as (
    select
        product_key,
        max(product_name) as product_name,
        max(category_name) as category_name,
        sum(quantity) as quantity,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(return_amount) as return_amount,
        sum(net_sales_amount) as net_sales_amount,
        sum(margin_amount) as margin_amount
    from marts.product_performance_monthly
    where month_start_date between $first_month and $end
        and {filters}
    group by product_key
),

shares as (
    select
        product_key,
        product_name,
        category_name,
        quantity,
        net_sales_amount,
        cast(net_sales_amount as double) / nullif(sum(net_sales_amount) over (), 0) as net_sales_share_rate,
        cast(margin_amount as double) / nullif(net_sales_amount, 0) as margin_rate,
        cast(return_amount as double) / nullif(gross_amount - discount_amount, 0) as return_rate
    from months
    order by
        net_sales_amount desc,
        product_key
    limit 200
),

earlier as (
    select
        product_key,
        sum(net_sales_amount) as net_sales_amount
    from marts.product_performance_monthly
    where month_start_date >= $first_month - (datediff('month', $first_month, $end) + 1) * interval 1 month
        and month_start_date < $first_month
    group by product_key
)

select
    shares.product_name,
    shares.category_name,
    classes.abc_xyz_class,
    shares.quantity,
    shares.net_sales_amount,
    shares.net_sales_share_rate,
    case
        when earlier.net_sales_amount > 0
            then cast(shares.net_sales_amount as double) / earlier.net_sales_amount - 1
    end as change_rate,
    shares.margin_rate,
    shares.return_rate,
    shares.product_key
from shares
left join earlier
    on shares.product_key = earlier.product_key
left join marts.abc_xyz as classes
    on shares.product_key = classes.product_key
order by
    shares.net_sales_amount desc,
    shares.product_key
