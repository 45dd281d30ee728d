with

users as (
    select
        user_id,
        sum(revenue) as revenue,
        count(distinct order_id) as orders
    from fact_orders
    where user_id <> 'unknown'
    group by user_id
),

ranked as (
    select
        user_id,
        revenue,
        orders,
        row_number() over (order by revenue desc, user_id) as revenue_rank,
        count(*) over () as users
    from users
)

select
    revenue_rank,
    user_id,
    orders,
    revenue
from ranked
where revenue_rank <= ceil(users / 10.0)
order by revenue_rank
