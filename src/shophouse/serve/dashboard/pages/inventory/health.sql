select
    stock_class,
    count(*) as stocks
from marts.inventory_health
group by stock_class
order by
    stocks desc,
    stock_class
