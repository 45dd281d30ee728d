select
    cohort_month,
    months_since_first_order,
    lifetime_value_amount
from marts.cohort_lifetime_value
where cohort_month > cast($end as date) - interval 13 month
    and cohort_month <= $end
    and months_since_first_order <= 12
    and is_mature
order by
    cohort_month,
    months_since_first_order
