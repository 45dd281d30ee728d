select
    first_seen_date,
    last_seen_date,
    price_currency_code,
    unit_price,
    price_change_rate,
    quantity as quantity_sold
from marts.price_history
where product_key = try_cast($key as bigint)
order by
    first_seen_date desc,
    price_currency_code
limit 200
