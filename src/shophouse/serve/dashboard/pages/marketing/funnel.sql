with

summed as (
    select
        sum(session_count) as session_count,
        sum(product_view_count) as product_view_count,
        sum(cart_count) as cart_count,
        sum(checkout_count) as checkout_count,
        sum(order_count) as order_count
    from marts.funnel_daily
    where date_day between $start and $end
)

select 'Visits' as step, session_count as visits from summed
union all
select 'Saw a product', product_view_count from summed
union all
select 'Put it into the cart', cart_count from summed
union all
select 'Reached the checkout', checkout_count from summed
union all
select 'Ordered', order_count from summed
