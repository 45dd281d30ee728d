with

months as (
    select
        month_start_date,
        location_name,
        sold_quantity,
        ending_quantity,
        max(month_start_date) over () as last_month
    from marts.sell_through
    where month_start_date between $first_month and $end
),

places as (
    select
        location_name,
        sum(sold_quantity) as sold_quantity,
        sum(ending_quantity) filter (month_start_date = last_month) as ending_quantity
    from months
    group by location_name
)

select
    location_name,
    cast(sold_quantity as double) / nullif(sold_quantity + coalesce(ending_quantity, 0), 0) as sell_through_rate
from places
order by
    sell_through_rate desc nulls last,
    location_name
