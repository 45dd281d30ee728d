"""Of by_hand.py: the tables between the facts and the marts, which several marts read.

They sum the ledger with its signs: discounts, returns and cancellations are negative, net sales the sum of all.
"""

from __future__ import annotations


def sales_by(day: str) -> str:
    """Sales by one of the ledger's two days: `event_date`, when the money moved, or `order_date`."""
    return f"""
with stacked as (
    select order_date as {day}, channel_key, country_code, state_code, quantity, gross_amount,
        -discount_amount as discount_amount, 0 as return_amount, 0 as cancellation_amount, shipping_amount, tax_amount,
        0 as other_amount
    from lines_by_day
    union all
    select t.{day}, t.channel_key, g.country_code, g.state_code, sum(t.quantity), 0, 0, sum(t.return_amount),
        sum(t.cancellation_amount), sum(t.shipping_amount), sum(t.tax_amount), sum(t.other_amount)
    from working.taken_back t join dim_geography g using (geography_key) group by all
)
select {day}, channel_key, country_code, state_code, sum(quantity) as quantity, sum(gross_amount) as gross_amount,
    sum(discount_amount) as discount_amount, sum(return_amount) as return_amount,
    sum(cancellation_amount) as cancellation_amount,
    sum(gross_amount + discount_amount + return_amount + cancellation_amount) as net_sales_amount,
    sum(shipping_amount) as shipping_amount, sum(tax_amount) as tax_amount, sum(other_amount) as other_amount,
    sum(gross_amount + discount_amount + return_amount + cancellation_amount + shipping_amount + tax_amount
        + other_amount) as total_sales_amount
from stacked group by all
"""


# Tables of the script's own: lines summed by day once, for both books and the costs; the last day; the cohorts' sizes.
WORKING: dict[str, str] = {
    "lines_by_day": """
select i.order_date, i.channel_key, g.country_code, g.state_code, sum(i.quantity) as quantity,
    sum(i.gross_amount) as gross_amount, sum(i.discount_amount) as discount_amount,
    sum(i.shipping_amount) as shipping_amount, sum(i.tax_amount) as tax_amount,
    coalesce(sum(i.cost_amount), 0) as cost_amount,
    coalesce(sum(i.net_amount) filter (i.cost_amount is null and not i.is_cancelled), 0) as uncosted_amount
from fct_order_items i join dim_geography g using (geography_key) where i.is_sale group by all
""",
    "as_of": """
select greatest((select max(order_date) from lines_by_day), (select max(event_date) from working.taken_back))
    as as_of_date
""",
    "cohorts": """
select cohort_month, last_day(cohort_month) as cohort_end_date, count(*) as cohort_person_count
from dim_person where cohort_month is not null group by all
""",
}

AGGREGATES: dict[str, str] = {
    "regions": """
select g.country_code, coalesce(c.country, g.country) as country, g.state_code, coalesce(s.state, g.state) as state
from (select distinct country_code, country, state_code, state from dim_geography) g
left join raw.countries c using (country_code)
left join raw.states s using (country_code, state_code)
""",
    "sales_by_day": sales_by("event_date"),
    "sales_by_order_day": sales_by("order_date"),
    "taken_back": "select * exclude (line_number, customer_key) from working.taken_back",
    "sold_by_day": """
select * exclude (discount_amount, cost_amount, uncosted_amount), -discount_amount as discount_amount, 0 as other_amount
from lines_by_day
""",
    "orders_by_day": """
select o.order_date, o.channel_key, g.country_code, g.state_code, count(*) filter (o.is_valid) as order_count,
    count(*) as all_order_count, count(*) filter (o.is_cancelled) as cancelled_order_count,
    count(*) filter (o.is_first_order) as new_customer_count,
    count(*) filter (o.is_valid and not o.is_first_order) as returning_order_count,
    coalesce(sum(o.line_count) filter (o.is_valid), 0) as line_count,
    coalesce(sum(o.item_count) filter (o.is_valid), 0) as item_count
from fct_orders o join dim_geography g using (geography_key) group by all
""",
    # An order counts once for a product: only where it has one on several lines need they be told apart.
    "product_sales_by_month": """
with repeated as (
    select date_trunc('month', i.order_date) as month_start_date, i.product_key,
        count(distinct i.order_key) - count(*) as order_count
    from fct_order_items i join fct_orders o using (order_key)
    where i.is_sale and not i.is_cancelled and o.product_count < o.line_count group by all
), stacked as (
    select date_trunc('month', order_date) as month_start_date, product_key, sum(quantity) as quantity,
        sum(gross_amount) as gross_amount, -sum(discount_amount) as discount_amount, 0 as return_amount,
        0 as cancellation_amount, sum(cost_amount) as cost_amount, count(*) filter (not is_cancelled) as order_count
    from fct_order_items where is_sale group by all
    union all
    select date_trunc('month', event_date), product_key, sum(quantity), 0, 0, sum(return_amount),
        sum(cancellation_amount), null, 0
    from taken_back group by all
    union all
    select date_trunc('month', event_date), product_key, 0, 0, 0, 0, 0, sum(cost_amount), 0
    from fct_goods_costs where event_kind = 'cancellation' group by all
    union all
    select month_start_date, product_key, 0, 0, 0, 0, 0, null, order_count from repeated where order_count < 0
)
select month_start_date, product_key, sum(quantity) as quantity, sum(gross_amount) as gross_amount,
    sum(discount_amount) as discount_amount, sum(return_amount) as return_amount,
    sum(cancellation_amount) as cancellation_amount,
    sum(gross_amount + discount_amount + return_amount + cancellation_amount) as net_sales_amount,
    sum(cost_amount) as cost_amount, sum(order_count) as order_count
from stacked group by all
""",
    "sales_by_person": """
with items as (
    select person_key, sum(item_count) as item_count from fct_orders where is_valid group by person_key
), sold as (
    select person_key, sum(gross_amount)::decimal(18,4) as gross_amount,
        -sum(discount_amount)::decimal(18,4) as discount_amount,
        sum(cost_amount) filter (not is_cancelled) as cost_amount
    from fct_order_items where is_sale group by person_key
), back as (
    select person_key, sum(return_amount)::decimal(18,4) as return_amount,
        sum(cancellation_amount)::decimal(18,4) as cancellation_amount
    from taken_back group by person_key
)
select p.person_key, p.cohort_month, p.first_order_date, p.last_order_date, p.first_geography_key, p.first_channel_key,
    p.order_count, p.valid_order_count, coalesce(i.item_count, 0) as item_count,
    coalesce(s.gross_amount, 0) as gross_amount, coalesce(s.discount_amount, 0) as discount_amount,
    coalesce(b.return_amount, 0) as return_amount, coalesce(b.cancellation_amount, 0) as cancellation_amount,
    coalesce(s.gross_amount, 0) + coalesce(s.discount_amount, 0) + coalesce(b.return_amount, 0)
        + coalesce(b.cancellation_amount, 0) as net_sales_amount, s.cost_amount
from dim_person p
left join items i using (person_key)
left join sold s using (person_key)
left join back b using (person_key)
where p.order_count > 0
""",
    # More than one category where a person bought equally much of several.
    "top_categories": """
with bought as (
    select i.person_key, p.category_key, sum(i.gross_amount)::decimal(18,4) as gross_amount
    from fct_order_items i join dim_product p using (product_key)
    where i.is_sale and not i.is_cancelled group by all
), most as (
    select person_key, max(gross_amount) as gross_amount from bought group by person_key
)
select * from bought semi join most using (person_key, gross_amount)
""",
    "sales_by_cohort_day": """
with stacked as (
    select p.cohort_month, p.first_order_date, i.order_date as event_date, sum(i.net_amount) as amount
    from fct_order_items i join dim_person p using (person_key)
    where i.is_sale and p.cohort_month is not null group by all
    union all
    select p.cohort_month, p.first_order_date, t.event_date, sum(t.return_amount + t.cancellation_amount)
    from taken_back t join dim_person p using (person_key) where p.cohort_month is not null group by all
)
select cohort_month, first_order_date, event_date, sum(amount) as net_sales_amount from stacked group by all
""",
    # A score is the fifth that the share of persons with less falls in: persons with equal values have equal scores.
    "rfm_scores": """
with ranked as (
    select person_key, last_order_date, valid_order_count, net_sales_amount,
        rank() over (order by last_order_date) - 1 as less_recent,
        rank() over (order by valid_order_count) - 1 as less_frequent,
        rank() over (order by net_sales_amount) - 1 as lower_value, count(*) over () as persons
    from sales_by_person where valid_order_count > 0
), scored as (
    select person_key, last_order_date, valid_order_count, net_sales_amount,
        (less_recent * 5 // persons + 1)::integer as recency_score,
        (less_frequent * 5 // persons + 1)::integer as frequency_score,
        (lower_value * 5 // persons + 1)::integer as monetary_score
    from ranked
), coded as (
    select *, recency_score * 100 + frequency_score * 10 + monetary_score as rfm_code from scored
)
select * exclude (rfm_code), case
    when rfm_code in (445, 454, 455, 544, 545, 554, 555) then 'champions'
    when rfm_code in (335, 344, 345, 354, 355, 435, 444, 543) then 'loyal'
    when rfm_code in (323, 333, 341, 342, 351, 352, 353, 423, 431, 432, 433, 441, 442, 451, 452, 453, 531, 532, 533,
        541, 542, 551, 552, 553) then 'potential loyalist'
    when rfm_code in (311, 411, 412, 421, 422, 511, 512) then 'new customers'
    when rfm_code in (313, 314, 315, 413, 414, 415, 424, 425, 513, 514, 515, 521, 522, 523, 524, 525) then 'promising'
    when rfm_code in (324, 325, 334, 343, 434, 443, 534, 535) then 'need attention'
    when rfm_code in (213, 221, 231, 241, 251, 312, 321, 331) then 'about to sleep'
    when rfm_code in (113, 114, 115, 144, 154, 155, 214, 215) then 'can''t lose them'
    when rfm_code in (122, 123, 132, 211, 212, 222, 223, 232, 233, 322, 332) then 'hibernating'
    when rfm_code in (111, 112, 121, 131, 141, 151) then 'lost' else 'at risk' end as segment
from coded
""",
    "profit_and_loss_by_day": """
with stacked as (
    select event_date as date_day, gross_amount, discount_amount, return_amount, cancellation_amount,
        net_sales_amount, shipping_amount
    from sales_by_day
    union all by name
    select order_date as date_day, cost_amount as goods_cost_amount, uncosted_amount from lines_by_day
    union all by name
    select event_date as date_day, cost_amount as goods_cost_amount from fct_goods_costs where event_kind <> 'sale'
    union all by name
    select coalesce(shipped_date, order_date) as date_day, sum(cost_amount) as shipping_cost_amount
    from fct_shipments group by all
    union all by name
    select paid_date as date_day, sum(fee_amount) as payment_fee_cost_amount
    from fct_payments where fee_amount <> 0 group by all
)
select date_day, coalesce(sum(gross_amount), 0) as gross_amount, coalesce(sum(discount_amount), 0) as discount_amount,
    coalesce(sum(return_amount), 0) as return_amount, coalesce(sum(cancellation_amount), 0) as cancellation_amount,
    coalesce(sum(net_sales_amount), 0) as net_sales_amount, coalesce(sum(shipping_amount), 0) as shipping_amount,
    coalesce(sum(goods_cost_amount), 0) as goods_cost_amount,
    coalesce(sum(shipping_cost_amount), 0) as shipping_cost_amount,
    coalesce(sum(payment_fee_cost_amount), 0) as payment_fee_cost_amount,
    coalesce(sum(uncosted_amount), 0) as uncosted_amount
from stacked group by all
""",
}
