"""Of by_hand.py: the marts of sales, operations and finance."""

from __future__ import annotations

COUNTS = ("order_count", "all_order_count", "cancelled_order_count", "new_customer_count", "returning_order_count")
AMOUNTS = (
    "gross_amount",
    "discount_amount",
    "return_amount",
    "cancellation_amount",
    "net_sales_amount",
    "shipping_amount",
    "tax_amount",
    "other_amount",
    "total_sales_amount",
)


def figures(counts: tuple[str, ...] = COUNTS) -> str:
    """The sums of counts and amounts, over rows of which some have only the ones and some only the others."""
    sums = [f"coalesce(sum({name}), 0)::bigint as {name}" for name in (*counts, "quantity")]
    sums += [f"coalesce(sum({name}), 0)::decimal(18,2) as {name}" for name in AMOUNTS]
    return ",\n    ".join(sums)


def growth(now: str, before: str, name: str) -> str:
    """By which part an amount is above what it was; null where that was nothing."""
    return f"case when {before} > 0 then {now} / {before} - 1 end as {name}"


def daily(sales: str, day: str) -> str:
    """Sales of a day, store, channel and state beside the orders that were placed then."""
    return f"""
with stacked as (
    select {day} as date_day, * exclude ({day}) from {sales}
    union all by name
    select order_date as date_day, * exclude (order_date) from orders_by_day
), summed as (
    select date_day, store_id, channel, country_code, state_code, {figures()} from stacked group by all
)
select s.*, t.store_name, s.net_sales_amount / nullif(s.order_count, 0) as average_order_amount,
    s.gross_amount / nullif(s.order_count, 0) as gross_average_order_amount,
    s.total_sales_amount / nullif(s.order_count, 0) as total_average_order_amount
from summed s join dim_store t using (store_id) order by all;
"""


def monthly(keys: str, ranks: str = "") -> str:
    """Sales of each month from a member's first to the last of the data, with the month before and a year ago."""
    return f"""
with stacked as (
    select date_trunc('month', event_date)::date as month_start_date, * from sales_by_day
    union all by name
    select date_trunc('month', order_date)::date as month_start_date, * exclude (order_date) from orders_by_day
), firsts as (
    select {keys}, min(month_start_date) as first_month from stacked group by all
), filled as (
    select * from stacked
    union all by name
    select d.date_day as month_start_date, f.* exclude (first_month)
    from firsts f join dim_date d on d.date_day >= f.first_month and d.day_of_month = 1, as_of
    where d.date_day <= as_of_date
), summed as (
    select month_start_date, {keys}, {figures(("order_count", "new_customer_count", "returning_order_count"))}
    from filled group by all
)
select s.*, t.store_name, last_day(month_start_date) <= as_of_date as is_complete,
    net_sales_amount / nullif(order_count, 0) as average_order_amount,{ranks}
    lag(net_sales_amount) over w as previous_month_net_sales_amount,
    lag(order_count) over w as previous_month_order_count,
    {growth("net_sales_amount", "lag(net_sales_amount) over w", "previous_month_growth_rate")},
    lag(net_sales_amount, 12) over w as year_ago_net_sales_amount, lag(order_count, 12) over w as year_ago_order_count,
    {growth("net_sales_amount", "lag(net_sales_amount, 12) over w", "year_ago_growth_rate")}
from summed s join dim_store t using (store_id), as_of
window w as (partition by {keys} order by month_start_date)
order by month_start_date, {keys};
"""


RANKS = """
    net_sales_amount / nullif(sum(net_sales_amount) over (partition by month_start_date), 0) as net_sales_share_rate,
    row_number() over (partition by month_start_date order by net_sales_amount desc, store_id) as net_sales_rank,"""

# Of executive_daily: each amount beside the one it is compared with.
GROWTH = ",\n    ".join(
    [
        growth("net_sales_amount", f"{before}_net_sales_amount", f"{before}_growth_rate")
        for before in ("previous_day", "week_ago", "year_ago")
    ]
    + [
        growth(f"{period}_net_sales_amount", f"year_ago_{period}_net_sales_amount", f"{period}_growth_rate")
        for period in ("month_to_date", "quarter_to_date", "year_to_date")
    ]
    + [
        growth(f"trailing_{days}_net_sales_amount", f"previous_{days}_net_sales_amount", f"trailing_{days}_growth_rate")
        for days in ("7_days", "28_days", "90_days")
    ]
)


def profit_and_loss(period: str) -> str:
    """What is left of net sales after each kind of cost, by day or month."""
    return f"""
with summed as (
    select {period}, sum(gross_amount)::decimal(18,2) as gross_amount,
        sum(discount_amount)::decimal(18,2) as discount_amount, sum(return_amount)::decimal(18,2) as return_amount,
        sum(cancellation_amount)::decimal(18,2) as cancellation_amount,
        sum(net_sales_amount)::decimal(18,2) as net_sales_amount,
        sum(goods_cost_amount)::decimal(18,4) as goods_cost_amount,
        sum(shipping_cost_amount)::decimal(18,2) as shipping_cost_amount,
        sum(payment_fee_cost_amount)::decimal(18,2) as payment_fee_cost_amount,
        sum(shipping_charged_amount)::decimal(18,2) as shipping_charged_amount,
        sum(uncosted_amount)::decimal(18,2) as uncosted_amount
    from profit_and_loss_by_day group by all
)
select *, net_sales_amount - goods_cost_amount as contribution_1_amount,
    net_sales_amount - goods_cost_amount - shipping_cost_amount - payment_fee_cost_amount as contribution_2_amount,
    (net_sales_amount - goods_cost_amount) / nullif(net_sales_amount, 0) as contribution_1_rate
from summed order by all;
"""


MARTS: dict[str, str] = {
    "sales_daily": f"create table sales_daily as {daily('sales_by_day', 'event_date')}",
    "sales_daily_by_order_date": (
        f"create table sales_daily_by_order_date as {daily('sales_by_order_day', 'order_date')}"
    ),
    "sales_monthly": f"create table sales_monthly as {monthly('store_id, channel')}",
    "store_performance": f"create table store_performance as {monthly('store_id', RANKS)}",
    "daily_revenue_by_state": """
create table daily_revenue_by_state as
select date_day, country_code, state_code, sum(order_count)::bigint as order_count,
    sum(new_customer_count)::bigint as new_customer_count, sum(quantity)::bigint as quantity,
    sum(gross_amount)::decimal(18,2) as gross_amount, sum(net_sales_amount)::decimal(18,2) as net_sales_amount,
    sum(shipping_amount)::decimal(18,2) as shipping_amount,
    sum(total_sales_amount)::decimal(18,2) as total_sales_amount,
    sum(net_sales_amount) / nullif(sum(order_count), 0) as average_order_amount,
    sum(shipping_amount) / nullif(sum(net_sales_amount), 0) as freight_rate
from sales_daily group by all order by all;
""",
    "executive_daily": f"""
create table executive_daily as
with bounds as (select min(date_day) as first_day, max(date_day) as last_day from sales_daily),
summed as (
    select date_day, coalesce(sum(order_count), 0)::bigint as order_count,
        coalesce(sum(new_customer_count), 0)::bigint as new_customer_count,
        coalesce(sum(returning_order_count), 0)::bigint as returning_order_count,
        coalesce(sum(gross_amount), 0)::decimal(18,2) as gross_amount,
        coalesce(sum(discount_amount), 0)::decimal(18,2) as discount_amount,
        coalesce(sum(return_amount), 0)::decimal(18,2) as return_amount,
        coalesce(sum(cancellation_amount), 0)::decimal(18,2) as cancellation_amount,
        coalesce(sum(net_sales_amount), 0)::decimal(18,2) as net_sales_amount,
        coalesce(sum(total_sales_amount), 0)::decimal(18,2) as total_sales_amount
    from dim_date left join sales_daily using (date_day), bounds
    where date_day between first_day and last_day group by all
), windowed as (
    select *, net_sales_amount / nullif(order_count, 0) as average_order_amount,
        sum(net_sales_amount) over m as month_to_date_net_sales_amount,
        sum(order_count) over m as month_to_date_order_count,
        sum(net_sales_amount) over q as quarter_to_date_net_sales_amount,
        sum(order_count) over q as quarter_to_date_order_count,
        sum(net_sales_amount) over y as year_to_date_net_sales_amount,
        sum(order_count) over y as year_to_date_order_count,
        sum(net_sales_amount) over (d rows 6 preceding) as trailing_7_days_net_sales_amount,
        sum(order_count) over (d rows 6 preceding) as trailing_7_days_order_count,
        sum(net_sales_amount) over (d rows 27 preceding) as trailing_28_days_net_sales_amount,
        sum(order_count) over (d rows 27 preceding) as trailing_28_days_order_count,
        sum(net_sales_amount) over (d rows 89 preceding) as trailing_90_days_net_sales_amount,
        sum(order_count) over (d rows 89 preceding) as trailing_90_days_order_count,
        row_number() over d as day_number
    from summed
    window d as (order by date_day), m as (partition by date_trunc('month', date_day) order by date_day),
        q as (partition by date_trunc('quarter', date_day) order by date_day),
        y as (partition by date_trunc('year', date_day) order by date_day)
), compared as (
    select w.* exclude (day_number), lag(w.net_sales_amount) over d as previous_day_net_sales_amount,
        lag(w.order_count) over d as previous_day_order_count,
        lag(w.net_sales_amount, 7) over d as week_ago_net_sales_amount,
        lag(w.order_count, 7) over d as week_ago_order_count, w.date_day - 364 as year_ago_date,
        lag(w.net_sales_amount, 364) over d as year_ago_net_sales_amount,
        lag(w.order_count, 364) over d as year_ago_order_count,
        lag(w.new_customer_count, 364) over d as year_ago_new_customer_count,
        case when first_day <= date_trunc('month', y.date_day) then y.month_to_date_net_sales_amount end
            as year_ago_month_to_date_net_sales_amount,
        case when first_day <= date_trunc('quarter', y.date_day) then y.quarter_to_date_net_sales_amount end
            as year_ago_quarter_to_date_net_sales_amount,
        case when first_day <= date_trunc('year', y.date_day) then y.year_to_date_net_sales_amount end
            as year_ago_year_to_date_net_sales_amount,
        case when w.day_number >= 14 then lag(w.trailing_7_days_net_sales_amount, 7) over d end
            as previous_7_days_net_sales_amount,
        case when w.day_number >= 56 then lag(w.trailing_28_days_net_sales_amount, 28) over d end
            as previous_28_days_net_sales_amount,
        case when w.day_number >= 180 then lag(w.trailing_90_days_net_sales_amount, 90) over d end
            as previous_90_days_net_sales_amount
    from windowed w left join windowed y on y.date_day = (w.date_day - interval 1 year)::date, bounds
    window d as (order by w.date_day)
)
select c.*, d.day_of_week, d.day_name,
    {GROWTH}
from compared c join dim_date d using (date_day) order by date_day;
""",
    "sales_books_bridge": """
create table sales_books_bridge as
with stacked as (
    select event_date as date_day, net_sales_amount as by_event, 0 as by_order from sales_by_day
    union all
    select order_date, 0, net_sales_amount from sales_by_order_day
)
select date_day, sum(by_event)::decimal(18,2) as net_sales_by_event_amount,
    sum(by_order)::decimal(18,2) as net_sales_by_order_amount, sum(by_event - by_order) as difference_amount,
    sum(sum(by_event - by_order)) over (order by date_day) as running_difference_amount
from stacked group by date_day order by date_day;
""",
    "profit_and_loss_daily": f"create table profit_and_loss_daily as {profit_and_loss('date_day')}",
    "profit_and_loss_monthly": f"create table profit_and_loss_monthly as {profit_and_loss('month_start_date')}",
    "promotions": """
create table promotions as
with summed as (
    select coalesce(discount_code, 'none') as discount_code, count(*) as order_count,
        count(*) filter (is_first_order) as new_customer_count, sum(item_count)::bigint as item_count,
        sum(gross_amount)::decimal(18,2) as gross_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
        sum(net_amount)::decimal(18,2) as net_amount, sum(refund_product_amount)::decimal(18,2) as return_amount,
        min(order_date) as first_order_date, max(order_date) as last_order_date
    from fct_orders where is_valid group by all
)
select *, net_amount / order_count as average_order_amount,
    discount_amount / nullif(gross_amount, 0) as discount_rate, return_amount / nullif(net_amount, 0) as return_rate,
    new_customer_count / order_count as new_customer_rate, order_count / sum(order_count) over () as order_share_rate
from summed order by all;
""",
    "order_hours": """
create table order_hours as
with placed as (
    select isodow(order_date)::integer as day_of_week, hour(ordered_at)::integer as hour_of_day,
        count(*) as order_count, sum(item_count)::bigint as item_count, sum(net_amount)::decimal(18,2) as net_amount,
        min(order_date) as first_day, max(order_date) as last_day
    from fct_orders where is_valid group by all
), weekdays as (
    select day_of_week, day_name, count(*) as day_count
    from dim_date
    where date_day between (select min(first_day) from placed) and (select max(last_day) from placed) group by all
), hours as (
    select hour_of_day, day_part from dim_time where minute_of_hour = 0
)
select day_of_week, w.day_name, hour_of_day, h.day_part, coalesce(p.order_count, 0) as order_count,
    coalesce(p.item_count, 0) as item_count, coalesce(p.net_amount, 0) as net_amount,
    p.net_amount / p.order_count as average_order_amount, w.day_count,
    coalesce(p.order_count, 0) / w.day_count as orders_per_day,
    coalesce(p.order_count, 0) / sum(p.order_count) over () as order_share_rate
from weekdays w cross join hours h
left join placed p using (day_of_week, hour_of_day) order by day_of_week, hour_of_day;
""",
    "payments_mix": """
create table payments_mix as
with summed as (
    select date_trunc('month', paid_date)::date as month_start_date, payment_method, payment_kind,
        count(*) as payment_count, sum(payment_amount)::decimal(18,2) as payment_amount,
        sum(captured_amount)::decimal(18,2) as captured_amount, sum(fee_amount)::decimal(18,2) as fee_amount,
        count(*) filter (installment_count > 1) as installment_payment_count,
        avg(installment_count) as average_installment_count
    from fct_payments group by all
)
select *, payment_amount / payment_count as average_payment_amount,
    payment_count / sum(payment_count) over w as payment_share_rate,
    payment_amount / nullif(sum(payment_amount) over w, 0) as amount_share_rate,
    fee_amount / nullif(payment_amount, 0) as fee_rate
from summed window w as (partition by month_start_date, payment_kind) order by all;
""",
    "returns": """
create table returns as
with by_refund as (
    select refund_id, order_id, event_date, -sum(quantity) as quantity, -sum(return_amount) as return_amount,
        -sum(shipping_amount) as shipping_amount, -sum(tax_amount) as tax_amount, -sum(other_amount) as other_amount
    from taken_back where event_kind = 'refund' group by all
), months as (
    select date_trunc('month', event_date)::date as month_start_date, sum(gross_amount - discount_amount) as sold,
        sum(return_amount) as returned
    from sales_by_day group by all
), summed as (
    select date_trunc('month', b.event_date)::date as month_start_date, r.refund_reason, count(*) as refund_count,
        count(distinct b.order_id) as refunded_order_count, sum(b.quantity)::bigint as quantity,
        sum(b.return_amount)::decimal(18,2) as return_amount, sum(b.shipping_amount)::decimal(18,2) as shipping_amount,
        sum(b.tax_amount)::decimal(18,2) as tax_amount, sum(b.other_amount)::decimal(18,2) as other_amount,
        sum(b.return_amount + b.shipping_amount + b.tax_amount + b.other_amount)::decimal(18,2) as refund_amount
    from by_refund b join fct_refunds r using (refund_id) group by all
)
select s.*, s.return_amount / nullif(m.sold, 0) as return_rate,
    s.return_amount / nullif(m.returned, 0) as return_share_rate
from summed s join months m using (month_start_date) order by all;
""",
    # What an order charged for shipping and sold for counts once, with its first parcel.
    "delivery_performance": """
create table delivery_performance as
with parcels as (
    select *, case when row_number() over (partition by order_id order by shipped_date, shipment_id) = 1
        then order_id end as first_order_id
    from fct_shipments
)
select date_trunc('month', p.order_date)::date as month_start_date, g.country_code, g.state_code, p.carrier,
    count(*) as parcel_count, count(o.order_id) as order_count, count(p.shipped_date) as shipped_count,
    count(p.delivered_date) as delivered_count, count(*) filter (not p.is_late) as on_time_count,
    count(*) filter (p.is_late) as late_count,
    count(*) filter (p.is_late) / nullif(count(p.is_late), 0) as late_rate,
    avg(p.days_to_ship) as average_days_to_ship, avg(p.days_to_deliver) as average_days_to_deliver,
    avg(p.days_late) as average_days_late, avg(abs(p.days_late)) as average_promise_error_days,
    count(*) filter (abs(p.days_late) <= 1) / nullif(count(p.is_late), 0) as promise_accuracy_rate,
    coalesce(sum(o.net_amount), 0)::decimal(18,2) as net_amount,
    coalesce(sum(o.shipping_amount), 0)::decimal(18,2) as shipping_amount,
    sum(p.cost_amount)::decimal(18,2) as shipping_cost_amount,
    sum(o.shipping_amount) / nullif(sum(o.net_amount), 0) as freight_rate
from parcels p
left join fct_orders o on p.first_order_id = o.order_id
join dim_geography g on p.geography_id = g.geography_id
group by all order by all;
""",
    "seller_performance": """
create table seller_performance as
with stacked as (
    select date_trunc('month', order_date)::date as month_start_date, seller_id, quantity, gross_amount,
        discount_amount, 0 as return_amount, 0 as cancellation_amount, shipping_amount
    from fct_order_items where is_sale
    union all
    select date_trunc('month', event_date)::date, seller_id, quantity, 0, 0, -return_amount, -cancellation_amount,
        shipping_amount
    from taken_back
), summed as (
    select month_start_date, seller_id, sum(quantity)::bigint as quantity,
        sum(gross_amount)::decimal(18,2) as gross_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
        sum(return_amount)::decimal(18,2) as return_amount,
        sum(cancellation_amount)::decimal(18,2) as cancellation_amount,
        sum(gross_amount - discount_amount - return_amount - cancellation_amount)::decimal(18,2) as net_sales_amount,
        sum(shipping_amount)::decimal(18,2) as shipping_amount
    from stacked group by all
)
select * exclude (seller_id), coalesce(seller_id::varchar, 'unknown') as seller_name,
    shipping_amount / nullif(net_sales_amount, 0) as freight_rate
from summed order by all;
""",
    "salesperson_performance": """
create table salesperson_performance as
with summed as (
    select date_trunc('month', order_date)::date as month_start_date,
        coalesce(employee_id::varchar, 'unknown') as employee_name, count(*) as order_count,
        count(*) filter (is_first_order) as new_customer_count, sum(item_count)::bigint as item_count,
        sum(gross_amount)::decimal(18,2) as gross_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
        sum(net_amount)::decimal(18,2) as net_amount, sum(refund_product_amount)::decimal(18,2) as return_amount
    from fct_orders where is_valid group by all
)
select *, net_amount / order_count as average_order_amount,
    discount_amount / nullif(gross_amount, 0) as discount_rate, return_amount / nullif(net_amount, 0) as return_rate,
    net_amount / nullif(sum(net_amount) over (partition by month_start_date), 0) as net_share_rate,
    row_number() over (partition by month_start_date order by net_amount desc, employee_name) as net_rank
from summed order by all;
""",
    "gift_card_liability_daily": """
create table gift_card_liability_daily as
with cards as (
    select i.order_date, o.is_cancelled, o.cancelled_date, i.quantity, i.gross_amount
    from fct_order_items i join order_headers o using (order_id)
    where i.is_gift_card and not o.is_test and not o.is_deleted
), movements as (
    select order_date as date_day, quantity as issued_count, gross_amount as issued_amount from cards
    union all by name
    select cancelled_date as date_day, gross_amount as refunded_amount from cards where is_cancelled
    union all by name
    select i.refunded_date as date_day, i.refund_amount as refunded_amount
    from fct_refund_items i
    join dim_product p using (product_id)
    join order_headers o using (order_id)
    where p.is_gift_card and not i.is_cancelled and not o.is_test and not o.is_deleted
    union all by name
    select p.paid_date as date_day, (p.captured_amount > 0)::integer as redeemed_count,
        greatest(-p.captured_amount, 0) as restored_amount, greatest(p.captured_amount, 0) as redeemed_amount
    from fct_payments p join order_headers o using (order_id)
    where p.payment_method = 'gift_card' and p.captured_amount <> 0 and not o.is_test and not o.is_deleted
), bounds as (
    select min(date_day) as first_day, greatest(max(date_day), max(as_of_date)) as last_day from movements, as_of
), summed as (
    select date_day, coalesce(sum(issued_count), 0)::bigint as issued_count,
        coalesce(sum(redeemed_count), 0)::bigint as redeemed_count,
        coalesce(sum(issued_amount), 0)::decimal(18,2) as issued_amount,
        coalesce(sum(restored_amount), 0)::decimal(18,2) as restored_amount,
        coalesce(sum(redeemed_amount), 0)::decimal(18,2) as redeemed_amount,
        coalesce(sum(refunded_amount), 0)::decimal(18,2) as refunded_amount
    from dim_date left join movements using (date_day), bounds
    where date_day between first_day and last_day group by all
), running as (
    select *, issued_amount + restored_amount - redeemed_amount - refunded_amount as change_amount,
        sum(change_amount) over (order by date_day) as closing_amount
    from summed
)
select * exclude (change_amount), closing_amount - change_amount as opening_amount from running order by date_day;
""",
}
