select
    discount_code,
    promotion_kind,
    order_count,
    new_customer_rate,
    net_amount,
    discount_amount,
    discount_rate,
    average_order_amount,
    return_rate,
    last_order_date
from marts.promotions
where discount_code <> 'none'
order by
    net_amount desc,
    discount_code,
    promotion_kind
limit 200
