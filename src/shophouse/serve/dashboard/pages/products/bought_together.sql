select
    product_name,
    with_product_name,
    pair_order_count,
    confidence_rate,
    lift,
    product_key
from marts.product_affinity
where product_key < with_product_key
    and lift > 1
order by
    pair_order_count * ln(lift) desc,
    product_key,
    with_product_key
limit 100
