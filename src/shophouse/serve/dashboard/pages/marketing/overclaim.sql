select
    platform,
    sum(claimed_order_count) as claimed_order_count,
    sum(order_credit) as order_credit,
    cast(sum(claimed_order_count) as double) / nullif(sum(order_credit), 0) as order_overclaim_ratio,
    cast(sum(claimed_revenue_amount) as double) / nullif(sum(net_sales_amount), 0) as revenue_overclaim_ratio,
    cast(sum(net_sales_amount) as double) / nullif(sum(spend_amount), 0) as return_on_ad_spend
from marts.overclaim
where month_start_date between $first_month and $end
group by platform
order by
    claimed_order_count desc,
    platform
