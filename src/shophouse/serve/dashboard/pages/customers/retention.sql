select
    cohort_month,
    months_since_first_order,
    retention_rate
from marts.cohort_retention
where cohort_month > cast($end as date) - interval 13 month
    and cohort_month <= $end
    and months_since_first_order between 1 and 12
    and is_mature
order by
    cohort_month,
    months_since_first_order
