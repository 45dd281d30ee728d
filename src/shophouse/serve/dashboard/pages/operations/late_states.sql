select
    case when state = 'unknown' then country_code else state || ', ' || country_code end as place,
    cast(sum(late_count) as double) / nullif(sum(on_time_count + late_count), 0) as late_rate
from marts.delivery_performance
where month_start_date between $first_month and $end
    and {filters}
group by
    state,
    country_code
having sum(on_time_count + late_count) >= 20
order by
    late_rate desc,
    place
limit 10
