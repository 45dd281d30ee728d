with

customers as (
    select
        days_since_last_order,
        average_gap_days,
        net_sales_amount
    from marts.customer_360
    where order_count >= 3
        and {filters}
),

bands as (
    select
        case
            when days_since_last_order <= average_gap_days then 1
            when days_since_last_order <= 2 * average_gap_days then 2
            when days_since_last_order <= 3 * average_gap_days then 3
            else 4
        end as place,
        days_since_last_order,
        average_gap_days,
        net_sales_amount
    from customers
)

select
    case place
        when 1 then 'Up to their usual gap'
        when 2 then 'Up to twice as long: due'
        when 3 then 'Up to three times as long: at risk'
        else 'Longer: likely gone'
    end as rhythm,
    count(*) as person_count,
    count(*) / sum(count(*)) over () as person_share_rate,
    sum(net_sales_amount) as net_sales_amount,
    cast(sum(net_sales_amount) / count(*) as decimal(18, 4)) as net_sales_per_person_amount,
    avg(average_gap_days) as average_gap_days,
    avg(days_since_last_order) as days_since_last_order
from bands
group by place
order by place
