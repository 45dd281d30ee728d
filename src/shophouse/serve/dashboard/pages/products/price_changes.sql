select
    product_name,
    first_seen_date,
    price_currency_code,
    previous_unit_price,
    unit_price,
    price_change_rate,
    product_key
from marts.price_history
where previous_unit_price is not null
    and first_seen_date between $start and $end
order by
    first_seen_date desc,
    abs(price_change_rate) desc,
    product_key,
    price_currency_code
limit 200
