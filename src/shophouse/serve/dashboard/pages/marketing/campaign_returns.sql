select
    max(campaign_name) as campaign_name,
    sum(spend_amount) as spend_amount,
    cast(sum(net_sales_amount) as double) / sum(spend_amount) as return_on_ad_spend
from marts.campaign_performance
where month_start_date between $first_month and $end
group by campaign_key
having sum(spend_amount) > 0
order by
    spend_amount desc,
    campaign_key
limit 200
