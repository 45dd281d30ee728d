select
    cohort_month,
    repeat_within_30_days_rate,
    repeat_within_60_days_rate,
    repeat_within_90_days_rate,
    repeat_within_365_days_rate
from marts.repeat_purchase
order by cohort_month
