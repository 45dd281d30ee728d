select
    carrier,
    cast(sum(late_count) as double) / nullif(sum(on_time_count + late_count), 0) as late_rate
from marts.delivery_performance
where month_start_date between $first_month and $end
    and {filters}
group by carrier
having sum(on_time_count + late_count) > 0
order by
    late_rate desc,
    carrier
limit 10
