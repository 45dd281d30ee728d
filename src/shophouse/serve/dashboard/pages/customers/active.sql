select
    date_day,
    mau_purchasing,
    wau_purchasing,
    dau_purchasing
from marts.active_customers_daily
where date_day between $start and $end
order by date_day
