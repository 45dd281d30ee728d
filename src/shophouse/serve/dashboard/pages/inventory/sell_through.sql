select
    month_start_date,
    sum(sold_quantity) / nullif(sum(sold_quantity) + sum(ending_quantity), 0) as sell_through_rate
from marts.sell_through
where month_start_date > cast($end as date) - interval 12 month
    and month_start_date <= $end
group by month_start_date
order by month_start_date
