with

customers as (
    select
        days_since_last_order,
        is_repeat
    from marts.customer_360
    where order_count > 0
        and {filters}
),

bands as (
    select
        case
            when days_since_last_order <= 30 then 1
            when days_since_last_order <= 60 then 2
            when days_since_last_order <= 90 then 3
            when days_since_last_order <= 180 then 4
            when days_since_last_order <= 365 then 5
            else 6
        end as place,
        is_repeat
    from customers
)

select
    case place
        when 1 then '0–30'
        when 2 then '31–60'
        when 3 then '61–90'
        when 4 then '91–180'
        when 5 then '181–365'
        else 'over 365'
    end as days,
    count(*) filter (not is_repeat) as once_count,
    count(*) filter (is_repeat) as repeat_count
from bands
group by place
order by place
