with

summed as (
    select
        sum(on_time_count) as on_time_count,
        sum(late_count) as late_count
    from marts.delivery_performance
    where month_start_date between $first_month and $end
        and {filters}
)

select 'Arrived, with a promised day' as outcome, on_time_count + late_count as parcels from summed
union all
select 'On the day or before', on_time_count from summed
union all
select 'Late', late_count from summed
