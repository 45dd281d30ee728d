select
    top_category_name,
    count(*) as person_count
from marts.customer_360
where ($segment is not null or $cohort is not null)
    and ($segment is null or segment = $segment)
    and ($cohort is null or cohort_month = try_cast($cohort as date))
    and {filters}
group by top_category_name
order by
    person_count desc,
    top_category_name
limit 8
