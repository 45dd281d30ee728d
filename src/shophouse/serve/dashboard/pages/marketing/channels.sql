select
    marketing_channel,
    sum(session_count) as session_count,
    cast(sum(order_session_count) as double) / nullif(sum(session_count), 0) as session_order_rate,
    sum(order_credit) as order_credit,
    sum(new_customer_credit) as new_customer_credit,
    sum(net_sales_amount) as net_sales_amount,
    cast(sum(net_sales_amount) as double) / nullif(sum(sum(net_sales_amount)) over (), 0) as net_sales_share_rate,
    nullif(sum(spend_amount), 0) as spend_amount,
    cast(sum(net_sales_amount) as double) / nullif(sum(spend_amount), 0) as return_on_ad_spend,
    nullif(cast(sum(spend_amount) as double), 0) / nullif(sum(new_customer_credit), 0) as cost_per_new_customer
from marts.channel_performance
where month_start_date between $first_month and $end
group by marketing_channel
order by
    net_sales_amount desc,
    marketing_channel
