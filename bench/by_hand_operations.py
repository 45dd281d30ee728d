"""Of by_hand.py: the marts of operations, payments, refunds and gift cards, and what no touch is credited with."""

from __future__ import annotations

MARTS: dict[str, str] = {
    "payments_mix": """
with summed as (
    select date_trunc('month', paid_date)::date as month_start_date, payment_method, payment_kind,
        count(*) as payment_count, sum(payment_amount) as payment_amount,
        sum(captured_amount) as captured_amount, sum(fee_amount) as fee_amount,
        count(*) filter (installment_count > 1) as installment_payment_count,
        avg(installment_count) as average_installment_count
    from fct_payments group by all
)
select *, per(payment_amount, payment_count) as average_payment_amount,
    payment_count / sum(payment_count) over w as payment_share_rate,
    payment_amount / nullif(sum(payment_amount) over w, 0) as amount_share_rate,
    fee_amount / nullif(payment_amount, 0) as fee_rate
from summed window w as (partition by month_start_date, payment_kind)
""",
    "returns": """
with by_refund as (
    select refund_key, order_key, event_date, -sum(quantity) as quantity, -sum(return_amount) as return_amount,
        -sum(shipping_amount) as shipping_amount, -sum(tax_amount) as tax_amount, -sum(other_amount) as other_amount
    from working.taken_back where event_kind = 'refund' group by all
), months as (
    select date_trunc('month', event_date) as month_start_date, sum(gross_amount + discount_amount) as sold,
        -sum(return_amount) as returned
    from sales_by_day group by all
), summed as (
    select date_trunc('month', b.event_date) as month_start_date, r.refund_reason, count(*) as refund_count,
        count(distinct b.order_key) as refunded_order_count, sum(b.quantity) as quantity,
        sum(b.return_amount) as return_amount, sum(b.shipping_amount) as shipping_amount,
        sum(b.tax_amount) as tax_amount, sum(b.other_amount) as other_amount,
        sum(b.return_amount + b.shipping_amount + b.tax_amount + b.other_amount) as refund_amount
    from by_refund b join fct_refunds r using (refund_key) group by all
)
select s.*, s.return_amount / nullif(m.sold, 0) as return_rate,
    s.return_amount / nullif(m.returned, 0) as return_share_rate
from summed s join months m using (month_start_date)
""",
    # What an order charged for shipping and sold for counts once, with its first parcel.
    "delivery_performance": """
with parcels as (
    select *, case when row_number() over (partition by order_key order by shipped_date, shipment_key) = 1
        then order_key end as first_order_key
    from fct_shipments
), summed as (
    select date_trunc('month', p.order_date) as month_start_date, g.country_code, g.state_code, p.carrier,
        count(*) as parcel_count, count(o.order_key) as order_count, count(p.shipped_date) as shipped_count,
        count(p.delivered_date) as delivered_count, count(*) filter (not p.is_late) as on_time_count,
        count(*) filter (p.is_late) as late_count,
        count(*) filter (p.is_late) / nullif(count(p.is_late), 0) as late_rate,
        avg(p.days_to_ship) as average_days_to_ship, avg(p.days_to_deliver) as average_days_to_deliver,
        avg(p.days_late) as average_days_late, avg(abs(p.days_late)) as average_promise_error_days,
        count(*) filter (abs(p.days_late) <= 1) / nullif(count(p.is_late), 0) as promise_accuracy_rate,
        coalesce(sum(o.net_amount), 0) as net_amount, coalesce(sum(o.shipping_amount), 0) as shipping_amount,
        sum(p.cost_amount) as shipping_cost_amount,
        sum(o.shipping_amount) / nullif(sum(o.net_amount), 0) as freight_rate
    from parcels p
    left join fct_orders o on p.first_order_key = o.order_key
    join dim_geography g on p.geography_key = g.geography_key
    group by all
)
select s.*, r.state from summed s left join regions r using (country_code, state_code)
""",
    # No line names a seller: all of a month is of the unknown one.
    "seller_performance": """
with summed as (
    select date_trunc('month', event_date) as month_start_date, sum(quantity) as quantity,
        sum(gross_amount) as gross_amount, -sum(discount_amount) as discount_amount,
        -sum(return_amount) as return_amount, -sum(cancellation_amount) as cancellation_amount,
        sum(net_sales_amount) as net_sales_amount, sum(shipping_amount) as shipping_amount
    from sales_by_day group by all
)
select *, shipping_amount / nullif(net_sales_amount, 0) as freight_rate from summed
""",
    # Nor does an order name an employee.
    "salesperson_performance": """
with summed as (
    select date_trunc('month', order_date) as month_start_date, count(*) as order_count,
        count(*) filter (is_first_order) as new_customer_count, sum(item_count) as item_count,
        sum(gross_amount) as gross_amount, sum(discount_amount) as discount_amount, sum(net_amount) as net_amount,
        sum(refund_product_amount) as return_amount
    from fct_orders where is_valid group by all
)
select *, per(net_amount, order_count) as average_order_amount,
    discount_amount / nullif(gross_amount, 0) as discount_rate, return_amount / nullif(net_amount, 0) as return_rate,
    net_amount / nullif(net_amount, 0) as net_share_rate, 1 as net_rank
from summed
""",
    "attribution_by_channel_day": """
with days as (
    select order_date as date_day, 0 as order_count, 0 as new_customer_count, net_sales_amount from sales_by_order_day
    union all
    select order_date, order_count, new_customer_count, 0 from orders_by_day
), summed as (
    select date_day, sum(order_count) as order_credit, sum(new_customer_count) as new_customer_credit,
        sum(net_sales_amount) as net_sales_amount
    from days group by all
)
select date_day, book, attribution_model, 'unattributed' as marketing_channel, order_credit, new_customer_credit,
    net_sales_amount
from summed
cross join (values ('cash'), ('accrual')) books (book)
cross join (values ('first_any'), ('first_non_direct'), ('first_paid'), ('last_any'), ('last_non_direct'),
    ('last_paid'), ('linear'), ('position_based'), ('time_decay')) models (attribution_model)
where order_credit <> 0 or net_sales_amount <> 0
""",
    "gift_card_liability_daily": """
with cards as (
    select i.order_date, o.is_cancelled, o.cancelled_date, i.quantity, i.gross_amount
    from fct_order_items i join order_headers o using (order_key)
    where i.is_gift_card and not o.is_test and not o.is_deleted
), movements as (
    select order_date as date_day, quantity as issued_count, gross_amount as issued_amount from cards
    union all by name
    select cancelled_date as date_day, gross_amount as refunded_amount from cards where is_cancelled
    union all by name
    select i.refunded_date as date_day, i.refund_amount as refunded_amount
    from fct_refund_items i
    join dim_product p using (product_key)
    join order_headers o using (order_key)
    where p.is_gift_card and not i.is_cancelled and not o.is_test and not o.is_deleted
    union all by name
    select p.paid_date as date_day, (p.captured_amount > 0)::integer as redeemed_count,
        greatest(-p.captured_amount, 0) as restored_amount, greatest(p.captured_amount, 0) as redeemed_amount
    from fct_payments p join order_headers o using (order_key)
    where p.payment_method = 'gift_card' and p.captured_amount <> 0 and not o.is_test and not o.is_deleted
), bounds as (
    select min(date_day) as first_day, greatest(max(date_day), max(as_of_date)) as last_day from movements, as_of
), summed as (
    select date_day, coalesce(sum(issued_count), 0) as issued_count,
        coalesce(sum(redeemed_count), 0) as redeemed_count,
        coalesce(sum(issued_amount), 0) as issued_amount,
        coalesce(sum(restored_amount), 0) as restored_amount,
        coalesce(sum(redeemed_amount), 0) as redeemed_amount,
        coalesce(sum(refunded_amount), 0) as refunded_amount
    from dim_date left join movements using (date_day), bounds
    where date_day between first_day and last_day group by all
), running as (
    select *, issued_amount + restored_amount - redeemed_amount - refunded_amount as change_amount,
        sum(change_amount) over (order by date_day) as closing_amount
    from summed
)
select * exclude (change_amount), closing_amount - change_amount as opening_amount from running
""",
}
