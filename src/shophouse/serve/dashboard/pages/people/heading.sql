select
    case
        when $segment is not null then 'Customers: ' || upper(max(segment)[1]) || max(segment)[2:]
        else 'Customers who first ordered in ' || strftime(max(cohort_month), '%B %Y')
    end as heading
from marts.customer_360
where ($segment is not null or $cohort is not null)
    and ($segment is null or segment = $segment)
    and ($cohort is null or cohort_month = try_cast($cohort as date))
