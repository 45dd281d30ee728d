-- One row per day, marketing channel and kind of device: how many visits came to each step on the way to an order.
with

sessions as (
    select
        session_date,
        marketing_channel,
        device,
        visit_number,
        has_product_view,
        has_cart,
        has_checkout,
        has_order
    from {{ ref('fct_sessions') }}
),

counted as (
    select
        session_date as date_day,
        marketing_channel,
        device,
        cast(count(*) as bigint) as session_count,
        {{ sum_count('case when visit_number = 1 then 1 else 0 end') }} as new_visitor_count,
        {{ sum_count('case when has_product_view then 1 else 0 end') }} as product_view_count,
        {{ sum_count('case when has_cart then 1 else 0 end') }} as cart_count,
        {{ sum_count('case when has_checkout then 1 else 0 end') }} as checkout_count,
        {{ sum_count('case when has_order then 1 else 0 end') }} as order_count
    from sessions
    group by
        session_date,
        marketing_channel,
        device
)

select
    date_day,
    marketing_channel,
    device,
    session_count,
    new_visitor_count,
    product_view_count,
    cart_count,
    checkout_count,
    order_count,
    {{ ratio('product_view_count', 'session_count') }} as product_view_rate,
    {{ ratio('cart_count', 'product_view_count') }} as cart_rate,
    {{ ratio('checkout_count', 'cart_count') }} as checkout_rate,
    {{ ratio('order_count', 'checkout_count') }} as checkout_order_rate,
    {{ ratio('order_count', 'session_count') }} as session_order_rate
from counted
