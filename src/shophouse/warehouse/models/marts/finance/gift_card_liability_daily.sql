-- One row per day from the first gift card that was sold or redeemed to the last day of data: what the shop owes to those who hold its gift cards.
-- A gift card is no sale but a debt of its face value; it becomes a sale when goods are paid with it. Cards sold before the first row aren't known.
with

lines as (
    select
        order_key,
        order_date,
        quantity,
        {{ in_reporting('gross_amount') }} as face_amount
    from {{ ref('fct_order_items') }}
    where is_gift_card
),

payments as (
    select
        order_key,
        paid_date,
        {{ in_reporting('captured_amount') }} as captured_amount
    from {{ ref('fct_payments') }}
    where {{ is_gift_card_method('payment_method') }}
        and captured_amount <> 0
),

gift_cards as (
    select product_key
    from {{ ref('dim_product') }}
    where is_gift_card
),

refund_items as (
    select
        order_key,
        product_key,
        refunded_date,
        is_cancelled,
        {{ in_reporting('refund_amount') }} as refund_amount
    from {{ ref('fct_refund_items') }}
),

-- Few orders have to do with gift cards, and the orders are read once for all of them.
gift_orders as (
    select order_key
    from {{ ref('fct_order_items') }}
    where is_gift_card
    union
    select order_key
    from {{ ref('fct_payments') }}
    where {{ is_gift_card_method('payment_method') }}
        and captured_amount <> 0
    union
    select refund_items.order_key as order_key
    from refund_items
    inner join gift_cards
        on refund_items.product_key = gift_cards.product_key
),

orders as (
    select
        fct_orders.order_key as order_key,
        fct_orders.is_cancelled as is_cancelled,
        fct_orders.cancelled_date as cancelled_date
    from {{ ref('fct_orders') }} as fct_orders
    inner join gift_orders
        on fct_orders.order_key = gift_orders.order_key
    where fct_orders.is_sale
),

last_day as (
    select max(event_date) as last_date
    from {{ ref('sales_by_day') }}
),

movements as (
    select
        lines.order_date as date_day,
        lines.quantity as issued_count,
        0 as redeemed_count,
        lines.face_amount as issued_amount,
        0 as restored_amount,
        0 as redeemed_amount,
        0 as refunded_amount
    from lines
    inner join orders
        on lines.order_key = orders.order_key
    union all
    select
        orders.cancelled_date as date_day,
        0 as issued_count,
        0 as redeemed_count,
        0 as issued_amount,
        0 as restored_amount,
        0 as redeemed_amount,
        lines.face_amount as refunded_amount
    from lines
    inner join orders
        on lines.order_key = orders.order_key
    where orders.is_cancelled
    union all
    select
        refund_items.refunded_date as date_day,
        0 as issued_count,
        0 as redeemed_count,
        0 as issued_amount,
        0 as restored_amount,
        0 as redeemed_amount,
        refund_items.refund_amount as refunded_amount
    from refund_items
    inner join gift_cards
        on refund_items.product_key = gift_cards.product_key
    inner join orders
        on refund_items.order_key = orders.order_key
    where not refund_items.is_cancelled
    union all
    select
        payments.paid_date as date_day,
        0 as issued_count,
        case when payments.captured_amount > 0 then 1 else 0 end as redeemed_count,
        0 as issued_amount,
        case when payments.captured_amount < 0 then -payments.captured_amount else 0 end as restored_amount,
        case when payments.captured_amount > 0 then payments.captured_amount else 0 end as redeemed_amount,
        0 as refunded_amount
    from payments
    inner join orders
        on payments.order_key = orders.order_key
),

bounds as (
    select
        min(movements.date_day) as first_date,
        max(movements.date_day) as last_date
    from movements
),

days as (
    select calendar.date_day as date_day
    from {{ ref('dim_date') }} as calendar
    cross join bounds
    cross join last_day
    where calendar.date_day between bounds.first_date and greatest(bounds.last_date, coalesce(last_day.last_date, bounds.last_date))
),

summed as (
    select
        days.date_day as date_day,
        cast(coalesce(sum(movements.issued_count), 0) as {{ type_money_sum() }}) as issued_count,
        cast(coalesce(sum(movements.redeemed_count), 0) as bigint) as redeemed_count,
        cast(coalesce(sum(movements.issued_amount), 0) as {{ type_money_sum() }}) as issued_amount,
        cast(coalesce(sum(movements.restored_amount), 0) as {{ type_money_sum() }}) as restored_amount,
        cast(coalesce(sum(movements.redeemed_amount), 0) as {{ type_money_sum() }}) as redeemed_amount,
        cast(coalesce(sum(movements.refunded_amount), 0) as {{ type_money_sum() }}) as refunded_amount
    from days
    left join movements
        on days.date_day = movements.date_day
    group by days.date_day
),

running as (
    select
        summed.date_day as date_day,
        summed.issued_count as issued_count,
        summed.redeemed_count as redeemed_count,
        summed.issued_amount as issued_amount,
        summed.restored_amount as restored_amount,
        summed.redeemed_amount as redeemed_amount,
        summed.refunded_amount as refunded_amount,
        cast(
            sum(summed.issued_amount + summed.restored_amount - summed.redeemed_amount - summed.refunded_amount) over (
                order by summed.date_day
                rows between unbounded preceding and current row
            ) as {{ type_money_sum() }}
        ) as closing_amount
    from summed
)

select
    running.date_day as date_day,
    cast(
        running.closing_amount - running.issued_amount - running.restored_amount + running.redeemed_amount + running.refunded_amount as {{ type_money_sum() }}
    ) as opening_amount,
    running.issued_amount as issued_amount,
    running.restored_amount as restored_amount,
    running.redeemed_amount as redeemed_amount,
    running.refunded_amount as refunded_amount,
    running.closing_amount as closing_amount,
    running.issued_count as issued_count,
    running.redeemed_count as redeemed_count,
    {{ shop_currency() }} as currency_code
from running
