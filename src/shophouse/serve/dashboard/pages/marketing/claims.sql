select
    platform,
    sum(claimed_revenue_amount) as claimed_revenue_amount,
    sum(net_sales_amount) as net_sales_amount
from marts.overclaim
where month_start_date between $first_month and $end
group by platform
order by
    claimed_revenue_amount desc,
    platform
