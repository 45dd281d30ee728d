select
    with_product_name,
    pair_order_count,
    confidence_rate,
    lift,
    with_product_key
from marts.product_affinity
where product_key = try_cast($key as bigint)
order by
    companion_rank,
    with_product_key
