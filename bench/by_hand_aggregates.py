"""Of by_hand.py: the tables between the facts and the marts, which several marts read.

Discounts, returns and cancellations are positive in them: net sales are gross less all three.
"""

from __future__ import annotations


def sales_by(day: str) -> str:
    """Sales by one of the ledger's two days: `event_date`, when the money moved, or `order_date`."""
    return f"""
with stacked as (
    select order_date as {day}, * exclude (order_date, cost_amount, uncosted_amount), 0 as return_amount,
        0 as cancellation_amount, 0 as other_amount
    from lines_by_day
    union all by name
    select t.{day}, t.store_id, t.channel, g.country_code, g.state_code, sum(t.quantity)::bigint as quantity,
        0 as gross_amount, 0 as discount_amount, -sum(t.return_amount)::decimal(18,2) as return_amount,
        -sum(t.cancellation_amount)::decimal(18,2) as cancellation_amount,
        sum(t.shipping_amount)::decimal(18,2) as shipping_amount, sum(t.tax_amount)::decimal(18,2) as tax_amount,
        sum(t.other_amount)::decimal(18,2) as other_amount
    from taken_back t join dim_geography g using (geography_id) group by all
)
select {day}, store_id, channel, country_code, state_code, sum(quantity)::bigint as quantity,
    sum(gross_amount)::decimal(18,2) as gross_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
    sum(return_amount)::decimal(18,2) as return_amount,
    sum(cancellation_amount)::decimal(18,2) as cancellation_amount,
    sum(gross_amount - discount_amount - return_amount - cancellation_amount)::decimal(18,2) as net_sales_amount,
    sum(shipping_amount)::decimal(18,2) as shipping_amount, sum(tax_amount)::decimal(18,2) as tax_amount,
    sum(other_amount)::decimal(18,2) as other_amount,
    sum(gross_amount - discount_amount - return_amount - cancellation_amount + shipping_amount + tax_amount
        + other_amount)::decimal(18,2) as total_sales_amount
from stacked group by all;
"""


AGGREGATES: dict[str, str] = {
    "lines_by_day": """
create table lines_by_day as
select i.order_date, i.store_id, i.channel, g.country_code, g.state_code, sum(i.quantity)::bigint as quantity,
    sum(i.gross_amount)::decimal(18,2) as gross_amount, sum(i.discount_amount)::decimal(18,2) as discount_amount,
    sum(i.shipping_amount)::decimal(18,2) as shipping_amount, sum(i.tax_amount)::decimal(18,2) as tax_amount,
    coalesce(sum(i.cost_amount), 0)::decimal(18,2) as cost_amount,
    coalesce(sum(i.net_amount) filter (i.cost_amount is null and not i.is_cancelled), 0)::decimal(18,2)
        as uncosted_amount
from fct_order_items i join dim_geography g using (geography_id) where i.is_sale group by all;
""",
    "sales_by_day": f"create table sales_by_day as {sales_by('event_date')}",
    "sales_by_order_day": f"create table sales_by_order_day as {sales_by('order_date')}",
    "as_of": "create table as_of as select max(event_date) as as_of_date from sales_by_day;",
    "orders_by_day": """
create table orders_by_day as
select o.order_date, o.store_id, o.channel, g.country_code, g.state_code,
    count(*) filter (o.is_valid) as order_count, count(*) as all_order_count,
    count(*) filter (o.is_cancelled) as cancelled_order_count,
    count(*) filter (o.is_first_order) as new_customer_count,
    count(*) filter (o.is_valid and not o.is_first_order) as returning_order_count
from fct_orders o join dim_geography g using (geography_id) group by all;
""",
    # An order counts once for a product: only where it has one on several lines need they be told apart.
    "product_sales_by_month": """
create table product_sales_by_month as
with repeated as (
    select date_trunc('month', i.order_date)::date as month_start_date, i.product_id,
        count(distinct i.order_id) - count(*) as order_count
    from fct_order_items i join fct_orders o using (order_id)
    where i.is_sale and not i.is_cancelled and o.product_count < o.line_count group by all
), stacked as (
    select date_trunc('month', order_date)::date as month_start_date, product_id, sum(quantity)::bigint as quantity,
        sum(gross_amount)::decimal(18,2) as gross_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
        0 as return_amount, 0 as cancellation_amount, sum(cost_amount)::decimal(18,2) as cost_amount,
        count(*) filter (not is_cancelled) as order_count
    from fct_order_items where is_sale group by all
    union all
    select date_trunc('month', event_date)::date, product_id, sum(quantity)::bigint, 0, 0,
        -sum(return_amount)::decimal(18,2), -sum(cancellation_amount)::decimal(18,2), null, 0
    from taken_back group by all
    union all
    select date_trunc('month', event_date)::date, product_id, 0, 0, 0, 0, 0, sum(cost_amount)::decimal(18,2), 0
    from fct_goods_costs where event_kind = 'cancellation' group by all
    union all
    select month_start_date, product_id, 0, 0, 0, 0, 0, null, order_count from repeated where order_count < 0
)
select month_start_date, product_id, sum(quantity)::bigint as quantity,
    sum(gross_amount)::decimal(18,2) as gross_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
    sum(return_amount)::decimal(18,2) as return_amount,
    sum(cancellation_amount)::decimal(18,2) as cancellation_amount,
    sum(gross_amount - discount_amount - return_amount - cancellation_amount)::decimal(18,2) as net_sales_amount,
    sum(cost_amount)::decimal(18,2) as cost_amount, sum(order_count)::bigint as order_count
from stacked group by all;
""",
    "sales_by_person": """
create table sales_by_person as
with items as (
    select person_id, sum(item_count)::bigint as item_count from fct_orders where is_valid group by person_id
), sold as (
    select person_id, sum(gross_amount)::decimal(18,2) as gross_amount,
        sum(discount_amount)::decimal(18,2) as discount_amount,
        sum(cost_amount) filter (not is_cancelled)::decimal(18,2) as cost_amount
    from fct_order_items where is_sale group by person_id
), back as (
    select person_id, -sum(return_amount)::decimal(18,2) as return_amount,
        -sum(cancellation_amount)::decimal(18,2) as cancellation_amount
    from taken_back group by person_id
)
select p.person_id, p.cohort_month, p.first_order_date, p.last_order_date, p.first_geography_id, p.first_channel,
    p.order_count, p.valid_order_count, coalesce(i.item_count, 0) as item_count,
    coalesce(s.gross_amount, 0) as gross_amount, coalesce(s.discount_amount, 0) as discount_amount,
    coalesce(b.return_amount, 0) as return_amount, coalesce(b.cancellation_amount, 0) as cancellation_amount,
    (coalesce(s.gross_amount, 0) - coalesce(s.discount_amount, 0) - coalesce(b.return_amount, 0)
        - coalesce(b.cancellation_amount, 0))::decimal(18,2) as net_sales_amount, s.cost_amount
from dim_person p
left join items i using (person_id)
left join sold s using (person_id)
left join back b using (person_id)
where p.order_count > 0;
""",
    "sales_by_cohort_day": """
create table sales_by_cohort_day as
with stacked as (
    select p.cohort_month, p.first_order_date, i.order_date as event_date, sum(i.net_amount)::decimal(18,2) as amount
    from fct_order_items i join dim_person p using (person_id)
    where i.is_sale and p.cohort_month is not null group by all
    union all
    select p.cohort_month, p.first_order_date, t.event_date,
        sum(t.return_amount + t.cancellation_amount)::decimal(18,2)
    from taken_back t join dim_person p using (person_id) where p.cohort_month is not null group by all
)
select cohort_month, first_order_date, event_date, sum(amount)::decimal(18,2) as net_sales_amount
from stacked group by all;
""",
    "cohorts": """
create table cohorts as
select cohort_month, last_day(cohort_month) as cohort_end_date, count(*) as cohort_person_count
from dim_person where cohort_month is not null group by all;
""",
    # A score is the fifth that the share of persons with less falls in: persons with equal values have equal scores.
    "rfm_scores": """
create table rfm_scores as
with ranked as (
    select person_id, last_order_date, valid_order_count, net_sales_amount,
        rank() over (order by last_order_date) - 1 as less_recent,
        rank() over (order by valid_order_count) - 1 as less_frequent,
        rank() over (order by net_sales_amount) - 1 as lower_value, count(*) over () as persons
    from sales_by_person where valid_order_count > 0
), scored as (
    select person_id, last_order_date, valid_order_count, net_sales_amount,
        (less_recent * 5 // persons + 1)::integer as recency_score,
        (less_frequent * 5 // persons + 1)::integer as frequency_score,
        (lower_value * 5 // persons + 1)::integer as monetary_score
    from ranked
), coded as (
    select *, recency_score * 100 + frequency_score * 10 + monetary_score as rfm_code from scored
)
select *, case
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
from coded;
""",
    "profit_and_loss_by_day": """
create table profit_and_loss_by_day as
with stacked as (
    select event_date as date_day, gross_amount, discount_amount, return_amount, cancellation_amount,
        net_sales_amount, shipping_amount as shipping_charged_amount
    from sales_by_day
    union all by name
    select order_date as date_day, cost_amount as goods_cost_amount, uncosted_amount from lines_by_day
    union all by name
    select event_date as date_day, cost_amount as goods_cost_amount from fct_goods_costs where event_kind <> 'sale'
    union all by name
    select coalesce(shipped_date, order_date) as date_day, sum(cost_amount)::decimal(18,2) as shipping_cost_amount
    from fct_shipments group by all
    union all by name
    select paid_date as date_day, sum(fee_amount)::decimal(18,2) as payment_fee_cost_amount
    from fct_payments where fee_amount <> 0 group by all
)
select date_day, date_trunc('month', date_day)::date as month_start_date,
    coalesce(sum(gross_amount), 0)::decimal(18,2) as gross_amount,
    coalesce(sum(discount_amount), 0)::decimal(18,2) as discount_amount,
    coalesce(sum(return_amount), 0)::decimal(18,2) as return_amount,
    coalesce(sum(cancellation_amount), 0)::decimal(18,2) as cancellation_amount,
    coalesce(sum(net_sales_amount), 0)::decimal(18,2) as net_sales_amount,
    coalesce(sum(goods_cost_amount), 0)::decimal(18,4) as goods_cost_amount,
    coalesce(sum(shipping_cost_amount), 0)::decimal(18,2) as shipping_cost_amount,
    coalesce(sum(payment_fee_cost_amount), 0)::decimal(18,2) as payment_fee_cost_amount,
    coalesce(sum(shipping_charged_amount), 0)::decimal(18,2) as shipping_charged_amount,
    coalesce(sum(uncosted_amount), 0)::decimal(18,2) as uncosted_amount
from stacked group by all;
""",
}
