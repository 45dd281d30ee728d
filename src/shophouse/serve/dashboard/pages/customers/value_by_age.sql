select
    cohort_month,
    age_days || ' days' as age,
    lifetime_value_amount
from marts.lifetime_value_by_age
order by
    cohort_month,
    age_days
