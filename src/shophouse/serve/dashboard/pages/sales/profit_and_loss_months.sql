select
    month_start_date,
    net_sales_amount,
    contribution_1_amount,
    contribution_2_amount,
    contribution_3_amount,
    operating_profit_amount
from marts.profit_and_loss_monthly
where month_start_date between $year_start and $end
order by month_start_date desc
