select
    stock_class,
    sum(stock_value_amount) as stock_value_amount
from marts.inventory_health
group by stock_class
having sum(stock_value_amount) > 0
order by
    stock_value_amount desc,
    stock_class
