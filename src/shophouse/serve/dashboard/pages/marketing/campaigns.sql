select
    max(campaign_name) as campaign_name,
    max(platform) as platform,
    max(marketing_channel) as marketing_channel,
    sum(spend_amount) as spend_amount,
    nullif(sum(impression_count), 0) as impression_count,
    sum(click_count) as click_count,
    cast(sum(click_count) as double) / nullif(sum(impression_count), 0) as click_through_rate,
    cast(sum(spend_amount) as double) / nullif(sum(click_count), 0) as cost_per_click,
    sum(order_credit) as order_credit,
    sum(net_sales_amount) as net_sales_amount,
    sum(claimed_revenue_amount) as claimed_revenue_amount,
    cast(sum(net_sales_amount) as double) / nullif(sum(spend_amount), 0) as return_on_ad_spend
from marts.campaign_performance
where month_start_date between $first_month and $end
group by campaign_key
order by
    spend_amount desc,
    campaign_key
limit 500
