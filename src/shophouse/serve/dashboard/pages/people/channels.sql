select
    upper(first_channel[1]) || replace(first_channel[2:], '_', ' ') || ', ' || first_country_code as origin,
    count(*) as person_count
from marts.customer_360
where ($segment is not null or $cohort is not null)
    and ($segment is null or segment = $segment)
    and ($cohort is null or cohort_month = try_cast($cohort as date))
    and {filters}
group by 1
order by
    person_count desc,
    origin
limit 8
