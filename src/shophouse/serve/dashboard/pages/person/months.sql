select
    cast(date_trunc('month', order_date) as date) as month_start_date,
    sum(net_amount_reporting) as net
from core.fct_orders
where person_key = try_cast($key as bigint)
    and person_key <> 0
    and is_valid
group by 1
order by 1
