select
    state as place,
    country_code,
    sum(parcel_count) as parcel_count,
    sum(delivered_count) as delivered_count,
    sum(late_count) as late_count,
    cast(sum(late_count) as double) / nullif(sum(on_time_count + late_count), 0) as late_rate,
    sum(average_days_to_ship * shipped_count) / nullif(sum(shipped_count), 0) as days_to_ship,
    sum(average_days_to_deliver * delivered_count) / nullif(sum(delivered_count), 0) as days_to_deliver,
    sum(average_days_late * (on_time_count + late_count)) / nullif(sum(on_time_count + late_count), 0) as days_late,
    cast(sum(shipping_amount) as double) / nullif(sum(net_amount), 0) as freight_rate
from marts.delivery_performance
where month_start_date between $first_month and $end
    and {filters}
group by
    state,
    country_code
order by
    parcel_count desc,
    place
limit 500
