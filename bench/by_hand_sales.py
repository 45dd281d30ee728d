"""Of by_hand.py: the marts of sales, and profit and loss."""

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
TAKEN_OFF = ("discount_amount", "return_amount", "cancellation_amount")


def figures(counts: tuple[str, ...] = COUNTS) -> str:
    """The sums of counts and amounts, over rows of which some have only the ones and some only the others.

    What is taken off sales is negative where it is read, and positive in a mart.
    """
    sums = [f"coalesce(sum({name}), 0) as {name}" for name in (*counts, "quantity")]
    sums += [f"coalesce({'-' if name in TAKEN_OFF else ''}sum({name}), 0) as {name}" for name in AMOUNTS]
    return ",\n    ".join(sums)


def growth(now: str, before: str, name: str) -> str:
    """By which part an amount is above what it was; null where that was nothing."""
    return f"case when {before} > 0 then {now} / {before} - 1 end as {name}"


def daily(sales: str, day: str) -> str:
    """Sales of a day, channel and state beside the orders that were placed then."""
    return f"""
with stacked as (
    select {day} as date_day, * exclude ({day}) from {sales}
    union all by name
    select order_date as date_day, * exclude (order_date) from orders_by_day
), summed as (
    select date_day, channel_key, country_code, state_code, {figures()} from stacked group by all
)
select s.*, c.channel, r.state, per(s.net_sales_amount, s.order_count) as average_order_amount,
    per(s.gross_amount, s.order_count) as gross_average_order_amount,
    per(s.total_sales_amount, s.order_count) as total_average_order_amount
from summed s join dim_channel c using (channel_key) left join regions r using (country_code, state_code)
"""


def monthly(key: str = "", select: str = "", source: str = "") -> str:
    """Sales of each month from a member's first to the last of the data, with the month before and a year ago.

    Members are what `key` names, columns with a comma after each; without it, the shop's one store.
    """
    window = f"(partition by {key.rstrip(', ')} order by month_start_date)" if key else "(order by month_start_date)"
    return f"""
with stacked as (
    select date_trunc('month', event_date)::date as month_start_date, * from sales_by_day
    union all by name
    select date_trunc('month', order_date)::date as month_start_date, * exclude (order_date) from orders_by_day
), firsts as (
    select {key} min(month_start_date) as first_month from stacked group by all
), filled as (
    select * from stacked
    union all by name
    select d.date_day as month_start_date, f.* exclude (first_month)
    from firsts f join dim_date d on d.date_day >= f.first_month and d.day_of_month = 1, as_of
    where d.date_day <= as_of_date
), summed as (
    select month_start_date, {key} {figures(("order_count", "new_customer_count", "returning_order_count"))}
    from filled group by all
)
select summed.*, last_day(month_start_date) <= as_of_date as is_complete,{select}
    per(net_sales_amount, order_count) as average_order_amount,
    lag(net_sales_amount) over w as previous_month_net_sales_amount,
    lag(order_count) over w as previous_month_order_count,
    {growth("net_sales_amount", "lag(net_sales_amount) over w", "previous_month_growth_rate")},
    lag(net_sales_amount, 12) over w as year_ago_net_sales_amount, lag(order_count, 12) over w as year_ago_order_count,
    {growth("net_sales_amount", "lag(net_sales_amount, 12) over w", "year_ago_growth_rate")}
from summed {source}, as_of
window w as {window}
"""


# The store is the only one.
RANKS = """
    net_sales_amount / nullif(net_sales_amount, 0) as net_sales_share_rate, 1 as net_sales_rank,"""

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


def profit_and_loss(day: str, name: str) -> str:
    """What is left of net sales after each kind of cost, by day or month."""
    return f"""
with summed as (
    select {day} as {name}, sum(gross_amount) as gross_amount, -sum(discount_amount) as discount_amount,
        -sum(return_amount) as return_amount, -sum(cancellation_amount) as cancellation_amount,
        sum(net_sales_amount) as net_sales_amount, sum(goods_cost_amount) as goods_cost_amount,
        sum(shipping_cost_amount) as shipping_cost_amount, sum(payment_fee_cost_amount) as payment_fee_cost_amount,
        sum(shipping_amount) as shipping_charged_amount, sum(uncosted_amount) as uncosted_amount
    from profit_and_loss_by_day group by all
), left_over as (
    select *, net_sales_amount - goods_cost_amount as contribution_1_amount,
        contribution_1_amount - shipping_cost_amount - payment_fee_cost_amount as contribution_2_amount
    from summed
)
select *, contribution_2_amount as contribution_3_amount, contribution_2_amount as operating_profit_amount,
    contribution_1_amount / nullif(net_sales_amount, 0) as contribution_1_rate,
    0 / nullif(net_sales_amount, 0) as ad_spend_share
from left_over
"""


MARTS: dict[str, str] = {
    "sales_daily": daily("sales_by_day", "event_date"),
    "sales_daily_by_order_date": daily("sales_by_order_day", "order_date"),
    "sales_monthly": monthly("channel_key, ", " channel,", "join dim_channel using (channel_key)"),
    "store_performance": monthly(select=RANKS),
    "daily_revenue_by_state": """
with summed as (
    select date_day, country_code, state_code, sum(order_count) as order_count,
        sum(new_customer_count) as new_customer_count, sum(quantity) as quantity, sum(gross_amount) as gross_amount,
        sum(net_sales_amount) as net_sales_amount, sum(shipping_amount) as shipping_amount,
        sum(total_sales_amount) as total_sales_amount
    from sales_daily group by all
)
select s.*, r.country, r.state, per(net_sales_amount, order_count) as average_order_amount,
    shipping_amount / nullif(net_sales_amount, 0) as freight_rate
from summed s left join regions r using (country_code, state_code)
""",
    "executive_daily": f"""
with bounds as (select min(date_day) as first_day, max(date_day) as last_day from sales_daily),
summed as (
    select date_day, coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(new_customer_count), 0) as new_customer_count,
        coalesce(sum(returning_order_count), 0) as returning_order_count,
        coalesce(sum(gross_amount), 0) as gross_amount,
        coalesce(sum(discount_amount), 0) as discount_amount,
        coalesce(sum(return_amount), 0) as return_amount,
        coalesce(sum(cancellation_amount), 0) as cancellation_amount,
        coalesce(sum(net_sales_amount), 0) as net_sales_amount,
        coalesce(sum(total_sales_amount), 0) as total_sales_amount
    from dim_date left join sales_daily using (date_day), bounds
    where date_day between first_day and last_day group by all
), windowed as (
    select *, per(net_sales_amount, order_count) as average_order_amount,
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
from compared c join dim_date d using (date_day)
""",
    "sales_books_bridge": """
with stacked as (
    select event_date as date_day, net_sales_amount as by_event, 0 as by_order from sales_by_day
    union all
    select order_date, 0, net_sales_amount from sales_by_order_day
)
select date_day, sum(by_event) as net_sales_by_event_amount,
    sum(by_order) as net_sales_by_order_amount, sum(by_event - by_order) as difference_amount,
    sum(sum(by_event - by_order)) over (order by date_day) as running_difference_amount
from stacked group by date_day
""",
    "profit_and_loss_daily": profit_and_loss("date_day", "date_day"),
    "profit_and_loss_monthly": profit_and_loss("date_trunc('month', date_day)", "month_start_date"),
    "promotions": """
with summed as (
    select coalesce(discount_code, 'none') as discount_code, count(*) as order_count,
        count(*) filter (is_first_order) as new_customer_count, sum(item_count) as item_count,
        sum(gross_amount) as gross_amount, sum(discount_amount) as discount_amount,
        sum(net_amount) as net_amount, sum(refund_product_amount) as return_amount,
        min(order_date) as first_order_date, max(order_date) as last_order_date
    from fct_orders where is_valid group by all
)
select *, per(net_amount, order_count) as average_order_amount,
    discount_amount / nullif(gross_amount, 0) as discount_rate, return_amount / nullif(net_amount, 0) as return_rate,
    new_customer_count / order_count as new_customer_rate, order_count / sum(order_count) over () as order_share_rate
from summed
""",
    "order_hours": """
with placed as (
    select isodow(order_date)::integer as day_of_week, hour(ordered_at_local)::integer as hour_of_day,
        count(*) as order_count, sum(item_count) as item_count, sum(net_amount) as net_amount,
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
    per(p.net_amount, p.order_count) as average_order_amount, w.day_count,
    coalesce(p.order_count, 0) / w.day_count as orders_per_day,
    coalesce(p.order_count, 0) / sum(p.order_count) over () as order_share_rate
from weekdays w cross join hours h
left join placed p using (day_of_week, hour_of_day)
""",
}
