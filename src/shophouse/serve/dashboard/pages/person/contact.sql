select
    source,
    customer_id as account,
    concat_ws(' ', first_name, last_name) as person,
    email as address,
    phone as telephone,
    cast(created_at as date) as created_date
from core.dim_customer
where person_key = try_cast($key as bigint)
    and person_key <> 0
order by
    created_at,
    source,
    customer_id
limit 100
