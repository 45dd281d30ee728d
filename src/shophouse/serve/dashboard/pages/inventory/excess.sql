select
    product_name,
    location_name,
    stock_class,
    excess_quantity,
    excess_quantity * unit_cost as excess_amount,
    days_without_sale,
    product_key
from marts.inventory_health
where excess_quantity > 0
order by
    excess_amount desc nulls last,
    product_key,
    location_key
limit 1000
