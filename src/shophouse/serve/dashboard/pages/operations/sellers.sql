select
    max(seller_name) as seller_name,
    sum(order_count) as order_count,
    sum(net_sales_amount) as net_sales_amount,
    cast(sum(net_sales_amount) / nullif(sum(order_count), 0) as decimal(18, 4)) as average_order_amount,
    sum(parcel_count) as parcel_count,
    cast(sum(late_count) as double) / nullif(sum(parcel_count), 0) as late_rate,
    sum(average_days_to_ship * parcel_count) / nullif(sum(parcel_count) filter (average_days_to_ship is not null), 0)
        as average_days_to_ship,
    sum(average_review_score * review_count) / nullif(sum(review_count), 0) as average_review_score
from marts.seller_performance
where month_start_date between $first_month and $end
    and seller_key <> 0
group by seller_key
order by
    net_sales_amount desc,
    seller_key
limit 500
