with

bands as (
    select
        case
            when days_of_cover < 7 then 1
            when days_of_cover < 14 then 2
            when days_of_cover < 30 then 3
            when days_of_cover < 60 then 4
            when days_of_cover < 90 then 5
            when days_of_cover < 180 then 6
            else 7
        end as place
    from marts.inventory_health
    where days_of_cover is not null
)

select
    ['under 7', '7–13', '14–29', '30–59', '60–89', '90–179', '180+'][place] as days,
    count(*) as stocks
from bands
group by place
order by place
