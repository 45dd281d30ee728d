"""The warehouse as one would write it by hand for one shop: one DuckDB script, from the storefront's CSV to marts.

    python bench/by_hand.py DATA_FOLDER OUT.duckdb [--memory 3GB] [--threads 2] [--append]

It is what the product's times are compared with, so it does the same work and no more: typed raw tables, the newest
version of each row, dimensions, facts, marts. It keeps no history, tests nothing, and always builds everything. With
`--append` it trusts that nothing comes twice and doesn't look for newest versions. Prints the seconds of each phase and
the peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import duckdb

MONEY = "decimal(18,2)"
RAW: dict[str, dict[str, str]] = {
    "users": {
        "user_id": "bigint",
        "email": "varchar",
        "phone": "varchar",
        "first_name": "varchar",
        "last_name": "varchar",
        "city": "varchar",
        "state": "varchar",
        "postal_code": "varchar",
        "country_code": "varchar",
        "accepts_marketing": "boolean",
        "is_guest": "boolean",
        "created_at": "timestamp",
        "updated_at": "timestamp",
    },
    "products": {
        "product_id": "bigint",
        "sku": "varchar",
        "name": "varchar",
        "brand": "varchar",
        "category_id": "bigint",
        "price": MONEY,
        "cost": MONEY,
        "weight_grams": "integer",
        "is_gift_card": "boolean",
        "is_perishable": "boolean",
        "shelf_life_days": "integer",
        "status": "varchar",
        "created_at": "timestamp",
        "updated_at": "timestamp",
    },
    "categories": {"category_id": "bigint", "name": "varchar", "parent_category_id": "bigint"},
    "orders": {
        "order_id": "bigint",
        "user_id": "bigint",
        "store_id": "bigint",
        "channel": "varchar",
        "employee_id": "bigint",
        "status": "varchar",
        "currency": "varchar",
        "ordered_at": "timestamp",
        "paid_at": "timestamp",
        "cancelled_at": "timestamp",
        "promised_delivery_at": "timestamp",
        "discount_code": "varchar",
        "discount_amount": MONEY,
        "shipping_amount": MONEY,
        "tax_amount": MONEY,
        "taxes_included": "boolean",
        "total_amount": MONEY,
        "is_test": "boolean",
        "is_deleted": "boolean",
        "shipping_postal_code": "varchar",
        "shipping_city": "varchar",
        "shipping_state": "varchar",
        "shipping_country": "varchar",
        "updated_at": "timestamp",
    },
    "order_items": {
        "order_id": "bigint",
        "line_number": "integer",
        "product_id": "bigint",
        "seller_id": "bigint",
        "quantity": "integer",
        "unit_price": MONEY,
        "discount_amount": MONEY,
        "tax_amount": MONEY,
        "unit_cost": MONEY,
    },
    "payments": {
        "payment_id": "bigint",
        "order_id": "bigint",
        "kind": "varchar",
        "status": "varchar",
        "method": "varchar",
        "installments": "integer",
        "amount": MONEY,
        "fee_amount": MONEY,
        "paid_at": "timestamp",
    },
    "refunds": {
        "refund_id": "bigint",
        "order_id": "bigint",
        "amount": MONEY,
        "product_amount": MONEY,
        "tax_amount": MONEY,
        "shipping_amount": MONEY,
        "reason": "varchar",
        "refunded_at": "timestamp",
    },
    "refund_items": {
        "refund_id": "bigint",
        "order_id": "bigint",
        "line_number": "integer",
        "product_id": "bigint",
        "quantity": "integer",
        "amount": MONEY,
        "is_restocked": "boolean",
    },
    "shipments": {
        "shipment_id": "bigint",
        "order_id": "bigint",
        "location_id": "bigint",
        "carrier": "varchar",
        "status": "varchar",
        "shipped_at": "timestamp",
        "estimated_delivery_at": "timestamp",
        "delivered_at": "timestamp",
        "cost_amount": MONEY,
    },
}
KEYS = {
    "users": "user_id",
    "products": "product_id",
    "categories": "category_id",
    "orders": "order_id",
    "payments": "payment_id",
    "refunds": "refund_id",
    "shipments": "shipment_id",
}
# Child rows are replaced together with their parent: only those of the parent's newest file count.
PARENTS = {"order_items": ("order_id", "line_number"), "refund_items": ("refund_id", "line_number")}


def read(table: str, folder: Path, append: bool) -> str:
    """The statement that loads a table's files; `file_day` is the date in a file's name, empty for the base's."""
    files = sorted(str(path) for path in folder.glob(f"{table}*.csv*"))
    dated = r"* exclude (filename), regexp_extract(filename, '(\d{4}-\d{2}-\d{2})\.', 1) as file_day"
    return f"""
        create table raw.{table} as select {"*" if append else dated}
        from read_csv({files}, columns = {json.dumps(RAW[table])}, header = true, delim = ',', quote = '"',
            auto_detect = false, filename = {not append})
    """


def newest(table: str, append: bool) -> str:
    """The statement that defines a table as it stands now."""
    if append:
        return f"create view current.{table} as select * from raw.{table}"
    if table in KEYS:
        version = "updated_at desc, " if "updated_at" in RAW[table] else ""
        picked = f"partition by {KEYS[table]} order by {version}file_day desc"
        return (
            f"create table current.{table} as select * exclude (file_day) from raw.{table} "
            f"qualify row_number() over ({picked}) = 1"
        )
    parent, line = PARENTS[table]
    return f"""
        create table current.{table} as
        with latest as (select {parent}, max(file_day) as file_day from raw.{table} group by all)
        select raw.* exclude (file_day)
        from raw.{table} as raw
        join latest using ({parent}, file_day)
        qualify row_number() over (partition by raw.{parent}, raw.{line}) = 1
    """


DIMENSIONS = """
create table dim_category as
select c.category_id, c.name as category_name, p.name as parent_category_name,
    coalesce(p.name || ' > ', '') || c.name as category_path
from current.categories c left join current.categories p on c.parent_category_id = p.category_id;

create table dim_product as
select p.*, c.category_name, c.parent_category_name
from current.products p left join dim_category c using (category_id);

create table dim_customer as
select *, min(user_id) over (partition by coalesce(lower(trim(email)), user_id::varchar)) as person_id
from current.users;

create table dim_date as
select d::date as date_day, year(d) as year, quarter(d) as quarter, month(d) as month, date_trunc('month',
    d)::date as month_start,
    isoyear(d) as iso_year, weekofyear(d) as iso_week, isodow(d) as weekday, isodow(d) > 5 as is_weekend
from (select unnest(generate_series((select min(ordered_at)::date from current.orders)::timestamp,
    (select max(greatest(ordered_at, updated_at))::date from current.orders)::timestamp, interval 1 day)) as d);
"""

FACTS: dict[str, str] = {
    "fct_payments": """
create table fct_payments as
select p.payment_id, p.order_id, p.kind, p.status, p.method, p.installments, p.amount, p.fee_amount, p.paid_at,
    p.paid_at::date as paid_date, p.status = 'succeeded' and p.kind in ('sale', 'capture') as is_captured
from current.payments p;
""",
    "fct_refund_items": """
create table fct_refund_items as
select i.refund_id, i.order_id, i.line_number, i.product_id, i.quantity, i.amount, i.is_restocked, r.reason,
    r.refunded_at,
    r.refunded_at::date as refunded_date
from current.refund_items i join current.refunds r using (refund_id);
""",
    "fct_order_items": """
create temp table shares as
with priced as (
    select i.order_id, i.line_number, (i.quantity * i.unit_price - i.discount_amount)::decimal(18,2) as net,
        (o.discount_amount * 100)::bigint as discount, (o.shipping_amount * 100)::bigint as shipping,
        (o.tax_amount * 100)::bigint as tax
    from current.order_items i join current.orders o using (order_id)
    where o.discount_amount > 0 or o.shipping_amount > 0 or o.tax_amount > 0
), weighed as (
    select *, (net * 100)::bigint as weight, sum(net * 100) over (partition by order_id)::bigint as total from priced
), floored as (
    select *, discount * weight // total as d, discount * weight % total as d_rest, shipping * weight // total as s,
        shipping * weight % total as s_rest, tax * weight // total as t, tax * weight % total as t_rest
    from weighed where total > 0
), ranked as (
    select *,
        row_number() over (partition by order_id order by d_rest desc, line_number) as d_rank,
        discount - sum(d) over (partition by order_id) as d_missing,
        row_number() over (partition by order_id order by s_rest desc, line_number) as s_rank,
        shipping - sum(s) over (partition by order_id) as s_missing,
        row_number() over (partition by order_id order by t_rest desc, line_number) as t_rank,
        tax - sum(t) over (partition by order_id) as t_missing
    from floored
)
select order_id, line_number,
    ((d + (d_rank <= d_missing)::int) * 0.01)::decimal(18,2) as discount,
    ((s + (s_rank <= s_missing)::int) * 0.01)::decimal(18,2) as shipping,
    ((t + (t_rank <= t_missing)::int) * 0.01)::decimal(18,2) as tax
from ranked;

create table fct_order_items as
with refunded as (
    select order_id, line_number, sum(quantity)::bigint as quantity, sum(amount)::decimal(18,2) as amount
    from fct_refund_items group by all
)
select i.order_id, i.line_number, i.product_id, p.category_id, o.user_id, o.ordered_at,
    o.ordered_at::date as order_date, o.channel,
    o.shipping_state as state, p.is_gift_card, i.quantity, i.unit_price,
    (i.quantity * i.unit_price)::decimal(18,2) as gross_amount,
    (i.discount_amount + coalesce(s.discount, 0))::decimal(18,2) as discount_amount,
    (i.quantity * i.unit_price - i.discount_amount - coalesce(s.discount, 0))::decimal(18,2) as net_amount,
    (i.tax_amount + coalesce(s.tax, 0))::decimal(18,2) as tax_amount,
    coalesce(s.shipping, 0)::decimal(18,2) as shipping_amount,
    (i.quantity * coalesce(i.unit_cost, p.cost))::decimal(18,2) as cost_amount,
    coalesce(r.quantity, 0) as refunded_quantity,
    coalesce(r.amount, 0)::decimal(18,2) as refunded_amount
from current.order_items i
join current.orders o using (order_id)
left join shares s using (order_id, line_number)
left join dim_product p using (product_id)
left join refunded r using (order_id, line_number);
drop table shares;
""",
    "fct_orders": """
create table fct_orders as
with lines as (
    select order_id, count(*) as line_count, sum(quantity)::bigint as item_count,
        bool_and(is_gift_card) as only_gift_cards,
        sum(gross_amount)::decimal(18,2) as gross_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
        sum(net_amount)::decimal(18,2) as net_amount, sum(tax_amount)::decimal(18,2) as tax_amount,
        sum(shipping_amount)::decimal(18,2) as shipping_amount, sum(cost_amount)::decimal(18,2) as cost_amount
    from fct_order_items group by order_id
), payments as (
    select order_id, sum(amount)::decimal(18,2) as payment_amount, sum(fee_amount)::decimal(18,2) as fee_amount
    from fct_payments where is_captured group by order_id
), refunds as (
    select order_id, sum(amount)::decimal(18,2) as refund_amount,
        sum(product_amount)::decimal(18,2) as refund_product_amount
    from current.refunds group by order_id
), parcels as (
    select order_id, min(shipped_at) as shipped_at, max(delivered_at) as delivered_at,
        sum(cost_amount)::decimal(18,2) as shipping_cost
    from current.shipments group by order_id
), joined as (
    select o.order_id, o.user_id, coalesce(c.person_id, -o.order_id) as person_id, o.channel, o.status,
        o.shipping_state as state,
        o.shipping_city as city, o.ordered_at, o.ordered_at::date as order_date, o.paid_at, o.cancelled_at,
        o.cancelled_at::date as cancelled_date, o.promised_delivery_at, s.shipped_at, s.delivered_at,
        o.currency, o.discount_code,
        o.is_test, o.total_amount as control_total_amount,
        case when l.order_id is null then 'no_lines' when o.is_test then 'test'
        when o.status = 'cancelled' then 'cancelled'
            when l.only_gift_cards then 'gift_cards' end as invalid_reason,
        coalesce(l.line_count, 0) as line_count, coalesce(l.item_count, 0) as item_count,
        coalesce(l.gross_amount, 0) as gross_amount, coalesce(l.discount_amount, 0) as discount_amount,
        coalesce(l.net_amount, 0) as net_amount, coalesce(l.shipping_amount, 0) as shipping_amount,
        coalesce(l.tax_amount, 0) as tax_amount,
        (coalesce(l.net_amount, 0) + coalesce(l.shipping_amount, 0) + coalesce(l.tax_amount,
        0))::decimal(18,2) as total_amount,
        l.cost_amount, coalesce(p.payment_amount, 0) as payment_amount, coalesce(p.fee_amount,
        0) as payment_fee_amount,
        coalesce(r.refund_amount, 0) as refund_amount, coalesce(r.refund_product_amount, 0) as refund_product_amount,
        coalesce(s.shipping_cost, 0) as shipping_cost_amount
    from current.orders o
    left join dim_customer c using (user_id)
    left join lines l using (order_id)
    left join payments p using (order_id)
    left join refunds r using (order_id)
    left join parcels s using (order_id)
), numbered as (
    select order_id, row_number() over persons as order_sequence, lag(ordered_at) over persons as previous_ordered_at
    from joined where invalid_reason is null
    window persons as (partition by person_id order by ordered_at, order_id)
)
select j.*, j.invalid_reason is null as is_valid, n.order_sequence, coalesce(n.order_sequence = 1,
    false) as is_first_order,
    n.previous_ordered_at, date_diff('second', n.previous_ordered_at,
        j.ordered_at) / 86400.0 as days_since_previous_order,
    date_diff('second', j.ordered_at, j.shipped_at) / 86400.0 as days_to_ship,
    date_diff('second', j.ordered_at, j.delivered_at) / 86400.0 as days_to_deliver,
    date_diff('second', j.promised_delivery_at, j.delivered_at) / 86400.0 as days_late
from joined j left join numbered n using (order_id);
""",
    "fct_refunds": """
create table fct_refunds as
select r.*, r.refunded_at::date as refunded_date, o.order_date, o.person_id, o.channel, o.state, o.is_test
from current.refunds r left join fct_orders o using (order_id);
""",
    "fct_shipments": """
create table fct_shipments as
select s.*, o.state, o.order_date, o.promised_delivery_at,
    s.delivered_at > coalesce(o.promised_delivery_at, s.estimated_delivery_at) as is_late,
    date_diff('second', o.ordered_at, s.delivered_at) / 86400.0 as days_to_deliver
from current.shipments s left join fct_orders o using (order_id);
""",
    "dim_person": """
create table dim_person as
select person_id, min(ordered_at) filter (is_valid) as first_ordered_at, count(*) as order_count,
    count(*) filter (is_valid) as valid_order_count
from fct_orders group by person_id;
""",
}

MARTS: dict[str, str] = {
    "sales_daily": """
create table sales_daily as
with events as (
    select order_date as date_day, channel, state, count(*) as order_count,
        count(*) filter (is_valid) as valid_order_count,
        count(*) filter (is_first_order) as new_customer_count, sum(item_count) as item_count,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount, 0 as refund_amount, sum(shipping_amount) as shipping_amount,
        sum(tax_amount) as tax_amount,
        sum(cost_amount) as cost_amount
    from fct_orders where not is_test and line_count > 0 group by all
    union all
    select coalesce(cancelled_date, order_date), channel, state, 0, 0, 0, 0, -sum(gross_amount),
        -sum(discount_amount), 0,
        -sum(shipping_amount), -sum(tax_amount), -sum(cost_amount)
    from fct_orders where not is_test and status = 'cancelled' group by all
    union all
    select refunded_date, channel, state, 0, 0, 0, 0, 0, 0, sum(product_amount), -sum(shipping_amount),
        -sum(tax_amount), 0
    from fct_refunds where not is_test group by all
)
select date_day, channel, state, sum(order_count)::bigint as order_count,
    sum(valid_order_count)::bigint as valid_order_count,
    sum(new_customer_count)::bigint as new_customer_count, sum(item_count)::bigint as item_count,
    sum(gross_amount)::decimal(18,2) as gross_sales_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
    sum(refund_amount)::decimal(18,2) as return_amount,
    sum(gross_amount - discount_amount - refund_amount)::decimal(18,2) as net_sales_amount,
    sum(shipping_amount)::decimal(18,2) as shipping_amount, sum(tax_amount)::decimal(18,2) as tax_amount,
    sum(gross_amount - discount_amount - refund_amount + shipping_amount + tax_amount)::decimal(18,2)
        as total_sales_amount,
    sum(cost_amount)::decimal(18,2) as cost_amount
from events group by all order by all;
""",
    "sales_monthly": """
create table sales_monthly as
select date_trunc('month', date_day)::date as month_start, channel, state,
    sum(valid_order_count)::bigint as valid_order_count,
    sum(new_customer_count)::bigint as new_customer_count,
        sum(gross_sales_amount)::decimal(18,2) as gross_sales_amount,
    sum(discount_amount)::decimal(18,2) as discount_amount, sum(return_amount)::decimal(18,2) as return_amount,
    sum(net_sales_amount)::decimal(18,2) as net_sales_amount,
        sum(total_sales_amount)::decimal(18,2) as total_sales_amount,
    sum(net_sales_amount)::double / nullif(sum(valid_order_count), 0) as average_order_value
from sales_daily group by all order by all;
""",
    "daily_revenue_by_state": """
create table daily_revenue_by_state as
select date_day, state, sum(valid_order_count)::bigint as valid_order_count,
    sum(net_sales_amount)::decimal(18,2) as net_sales_amount,
    sum(total_sales_amount)::decimal(18,2) as total_sales_amount
from sales_daily group by all order by all;
""",
    "executive_daily": """
create table executive_daily as
with days as (
    select d.date_day, coalesce(sum(s.valid_order_count), 0)::bigint as valid_order_count,
        coalesce(sum(s.new_customer_count), 0)::bigint as new_customer_count,
        coalesce(sum(s.net_sales_amount), 0)::decimal(18,2) as net_sales_amount
    from dim_date d left join sales_daily s using (date_day) group by all
)
select *, net_sales_amount::double / nullif(valid_order_count, 0) as average_order_value,
    lag(net_sales_amount) over w as net_sales_previous_day, lag(net_sales_amount,
        7) over w as net_sales_previous_week,
    lag(net_sales_amount, 364) over w as net_sales_year_ago,
    sum(net_sales_amount) over (partition by date_trunc('month',
        date_day) order by date_day)::decimal(18,2) as net_sales_mtd,
    sum(net_sales_amount) over (partition by date_trunc('quarter',
        date_day) order by date_day)::decimal(18,2) as net_sales_qtd,
    sum(net_sales_amount) over (partition by date_trunc('year',
        date_day) order by date_day)::decimal(18,2) as net_sales_ytd,
    sum(net_sales_amount) over (order by date_day rows 6 preceding)::decimal(18,2) as net_sales_trailing_7,
    sum(net_sales_amount) over (order by date_day rows 27 preceding)::decimal(18,2) as net_sales_trailing_28,
    sum(net_sales_amount) over (order by date_day rows 89 preceding)::decimal(18,2) as net_sales_trailing_90
from days window w as (order by date_day) order by date_day;
""",
    "customer_360": """
create table customer_360 as
with categories as (
    select o.person_id, p.category_name, sum(i.net_amount) as amount
    from fct_order_items i join fct_orders o using (order_id) join dim_product p using (product_id)
    where o.is_valid group by all
), favourite as (
    select person_id, arg_max(category_name, (amount, category_name)) as favourite_category
        from categories group by person_id
), orders as (
    select person_id, min(ordered_at) as first_ordered_at, max(ordered_at) as last_ordered_at,
        count(*) as order_count,
        sum(item_count)::bigint as item_count, sum(gross_amount)::decimal(18,2) as gross_amount,
        sum(discount_amount)::decimal(18,2) as discount_amount,
        sum(refund_product_amount)::decimal(18,2) as return_amount,
        sum(net_amount - refund_product_amount)::decimal(18,2) as net_sales_amount,
        avg(days_since_previous_order) as average_gap_days, arg_min(channel, (ordered_at, order_id)) as first_channel,
        arg_min(discount_code, (ordered_at, order_id)) as first_discount_code, arg_max(state, (ordered_at,
        order_id)) as last_state
    from fct_orders where is_valid group by person_id
)
select o.*, f.favourite_category, o.net_sales_amount::double / o.order_count as average_order_value,
    date_diff('day', o.last_ordered_at, (select max(ordered_at) from fct_orders)) as days_since_last_order
from orders o left join favourite f using (person_id);
""",
    "rfm_segments": """
create table rfm_segments as
with scored as (
    select person_id, days_since_last_order, order_count, net_sales_amount,
        ntile(5) over (order by last_ordered_at, person_id) as r, ntile(5) over (order by order_count,
        person_id) as f,
        ntile(5) over (order by net_sales_amount, person_id) as m
    from customer_360
)
select *, case when r >= 4 and f >= 4 and m >= 4 then 'champions' when r >= 3 and f >= 4 then 'loyal'
    when r >= 4 and f >= 2 then 'potential loyalists' when r = 5 and f = 1 then 'new' when r = 4
        and f = 1 then 'promising'
    when r = 3 and f >= 2 then 'need attention' when r = 3 then 'about to sleep' when r <= 2 and f >= 4
        and m >= 4 then 'cannot lose'
    when r = 2 and f >= 3 then 'at risk' when r = 2 then 'hibernating'
        when f >= 3 then 'at risk' else 'lost' end as segment
from scored;
""",
    "cohort_retention": """
create table cohort_retention as
with firsts as (
    select person_id, date_trunc('month', min(ordered_at))::date as cohort_month
        from fct_orders where is_valid group by person_id
), active as (
    select f.cohort_month, date_diff('month', f.cohort_month, o.order_date) as month_number,
        count(distinct o.person_id) as person_count,
        count(*) as order_count, sum(o.net_amount)::decimal(18,2) as net_amount
    from fct_orders o join firsts f using (person_id) where o.is_valid group by all
), sizes as (select cohort_month, count(*) as cohort_size from firsts group by all),
last as (select max(order_date) as last_day from fct_orders),
grid as (
    select s.cohort_month, s.cohort_size, k.k as month_number,
        s.cohort_month + to_months(k.k::int + 1) <= last.last_day + 1 as is_mature
    from sizes s, (select unnest(generate_series(0, 36)) as k) k, last
    where s.cohort_month + to_months(k.k::int) <= last.last_day
)
select g.cohort_month, g.cohort_size, g.month_number, case when g.is_mature then coalesce(a.person_count,
    0) end as person_count,
    case when g.is_mature then coalesce(a.person_count, 0) / g.cohort_size end as retention_rate,
        a.order_count, a.net_amount
from grid g left join active a using (cohort_month, month_number) order by all;
""",
    "cohort_lifetime_value": """
create table cohort_lifetime_value as
with firsts as (
    select person_id, min(ordered_at) as first_at from fct_orders where is_valid group by person_id
), spent as (
    select date_trunc('month', f.first_at)::date as cohort_month, date_diff('day', f.first_at, o.ordered_at) as age,
        sum(o.net_amount - o.refund_product_amount) as amount
    from fct_orders o join firsts f using (person_id) where o.is_valid group by all
), sizes as (select date_trunc('month', first_at)::date as cohort_month, count(*) as cohort_size
    from firsts group by all)
select s.cohort_month, z.cohort_size, sum(s.amount) filter (s.age < 30)::double / z.cohort_size as value_30_days,
    sum(s.amount) filter (s.age < 60)::double / z.cohort_size as value_60_days,
    sum(s.amount) filter (s.age < 90)::double / z.cohort_size as value_90_days,
    sum(s.amount) filter (s.age < 180)::double / z.cohort_size as value_180_days,
    sum(s.amount) filter (s.age < 365)::double / z.cohort_size as value_365_days,
        sum(s.amount)::double / z.cohort_size as value_to_date
from spent s join sizes z using (cohort_month) group by s.cohort_month, z.cohort_size order by 1;
""",
    "repeat_purchase": """
create table repeat_purchase as
with persons as (
    select person_id, min(ordered_at) filter (order_sequence = 1) as first_at,
        min(ordered_at) filter (order_sequence = 2) as second_at
    from fct_orders where is_valid group by person_id
)
select date_trunc('month', first_at)::date as cohort_month, count(*) as person_count,
    count(second_at) as repeat_count,
    count(second_at) / count(*) as repeat_rate,
    count(*) filter (second_at < first_at + interval 30 day) / count(*) as repeat_rate_30_days,
    count(*) filter (second_at < first_at + interval 60 day) / count(*) as repeat_rate_60_days,
    count(*) filter (second_at < first_at + interval 90 day) / count(*) as repeat_rate_90_days,
    count(*) filter (second_at < first_at + interval 365 day) / count(*) as repeat_rate_365_days
from persons group by all order by 1;
""",
    "active_customers_daily": """
create table active_customers_daily as
with days as (
    select distinct person_id, order_date from fct_orders where is_valid
), following as (
    select order_date, lead(order_date) over (partition by person_id order by order_date) as next_date from days
), changes as (
    select order_date as date_day, 1 as daily, 1 as weekly, 1 as monthly from following
    union all select order_date + 1, -1, 0, 0 from following
    union all select least(order_date + 7, coalesce(next_date, order_date + 7)), 0, -1, 0 from following
    union all select least(order_date + 30, coalesce(next_date, order_date + 30)), 0, 0, -1 from following
), summed as (
    select date_day, sum(daily) as daily, sum(weekly) as weekly, sum(monthly) as monthly from changes
        group by date_day
)
select date_day, (sum(daily) over w)::bigint as daily_count, (sum(weekly) over w)::bigint as weekly_count,
    (sum(monthly) over w)::bigint as monthly_count, (sum(daily) over w) / nullif(sum(monthly) over w,
        0)::double as stickiness_rate
from summed window w as (order by date_day)
qualify date_day <= (select max(order_date) from fct_orders) order by date_day;
""",
    "product_performance": """
create table product_performance as
with sold as (
    select i.product_id, count(distinct i.order_id) as order_count, sum(i.quantity)::bigint as sold_quantity,
        sum(i.gross_amount)::decimal(18,2) as gross_amount, sum(i.discount_amount)::decimal(18,2) as discount_amount,
        sum(i.net_amount)::decimal(18,2) as net_amount, sum(i.refunded_quantity)::bigint as refunded_quantity,
        sum(i.refunded_amount)::decimal(18,2) as refunded_amount, sum(i.cost_amount)::decimal(18,2) as cost_amount,
        min(i.order_date) as first_sold_date, max(i.order_date) as last_sold_date
    from fct_order_items i join fct_orders o using (order_id) where o.is_valid group by all
)
select p.product_id, p.name, p.brand, p.category_name, s.* exclude (product_id),
    (s.net_amount - s.refunded_amount)::decimal(18,2) as net_sales_amount,
    s.refunded_quantity / nullif(s.sold_quantity, 0) as return_rate,
        (s.net_amount - s.cost_amount)::decimal(18,2) as margin_amount
from dim_product p left join sold s using (product_id);
""",
    "category_performance": """
create table category_performance as
select c.category_id, c.category_path, sum(p.sold_quantity)::bigint as sold_quantity,
    sum(p.net_sales_amount)::decimal(18,2) as net_sales_amount,
    sum(p.margin_amount)::decimal(18,2) as margin_amount,
        sum(p.net_sales_amount)::double / sum(sum(p.net_sales_amount)) over () as share_rate
from product_performance p join dim_product d using (product_id) join dim_category c using (category_id) group by all;
""",
    "top_products": """
create table top_products as
select row_number() over (order by net_sales_amount desc nulls last, product_id) as rank, product_id, name,
    category_name, sold_quantity, net_sales_amount
from product_performance qualify rank <= 100 order by rank;
""",
    "abc_xyz": """
create table abc_xyz as
with months as (
    select i.product_id, date_trunc('month', i.order_date) as month, sum(i.quantity) as quantity
    from fct_order_items i join fct_orders o using (order_id) where o.is_valid group by all
), variation as (
    select product_id, stddev_pop(quantity) / avg(quantity) as variation from months group by product_id
), cumulated as (
    select product_id, net_sales_amount, sum(net_sales_amount) over (order by net_sales_amount desc, product_id)
        / sum(net_sales_amount) over () as cumulative_rate
    from product_performance where net_sales_amount > 0
)
select c.*, case when cumulative_rate <= 0.8 then 'A'
    when cumulative_rate <= 0.95 then 'B' else 'C' end as abc_class, v.variation,
    case when v.variation <= 0.5 then 'X' when v.variation <= 1 then 'Y' else 'Z' end as xyz_class
from cumulated c left join variation v using (product_id);
""",
    "price_history": """
create table price_history as
with days as (
    select product_id, order_date, max(unit_price) as unit_price, sum(quantity)::bigint as quantity
        from fct_order_items group by all
), changed as (
    select *,
        unit_price is distinct from lag(unit_price) over (partition by product_id order by order_date) as is_change
    from days
), spans as (
    select *, sum(is_change::int) over (partition by product_id order by order_date) as span from changed
)
select product_id, span::int as version, any_value(unit_price) as unit_price, min(order_date) as valid_from,
    max(order_date) as last_sold_date,
    sum(quantity)::bigint as sold_quantity
from spans group by product_id, span;
""",
    "product_affinity": """
create table product_affinity as
with bought as (
    select distinct i.order_id, i.product_id from fct_order_items i
        join fct_orders o using (order_id) where o.is_valid
), totals as (select product_id, count(*) as order_count from bought group by all),
pairs as (
    select a.product_id as product_id, b.product_id as other_product_id, count(*) as together_count
    from bought a join bought b on a.order_id = b.order_id and a.product_id < b.product_id
        group by all having count(*) >= 5
)
select p.*, p.together_count / a.order_count as confidence, p.together_count / b.order_count as reverse_confidence,
    p.together_count * (select count(distinct order_id) from bought) / (a.order_count::double * b.order_count) as lift
from pairs p join totals a on p.product_id = a.product_id join totals b on p.other_product_id = b.product_id;
""",
    "delivery_performance": """
create table delivery_performance as
select date_trunc('month', order_date)::date as month_start, state, carrier, count(*) as shipment_count,
    count(delivered_at) as delivered_count,
    count(*) filter (is_late) as late_count, count(*) filter (is_late) / nullif(count(delivered_at), 0) as late_rate,
    avg(days_to_deliver) as average_days_to_deliver, quantile_cont(days_to_deliver, 0.9) as p90_days_to_deliver,
    sum(cost_amount)::decimal(18,2) as cost_amount
from fct_shipments group by all order by all;
""",
    "order_hours": """
create table order_hours as
select isodow(ordered_at) as weekday, hour(ordered_at) as hour, count(*) as order_count,
    sum(net_amount)::decimal(18,2) as net_amount
from fct_orders where is_valid group by all order by all;
""",
    "payments_mix": """
create table payments_mix as
select date_trunc('month', paid_date)::date as month_start, method, installments, count(*) as payment_count,
    sum(amount)::decimal(18,2) as amount,
    sum(fee_amount)::decimal(18,2) as fee_amount
from fct_payments where is_captured group by all order by all;
""",
    "returns": """
create table returns as
select date_trunc('month', i.refunded_date)::date as month_start, p.category_name, i.reason,
    count(distinct i.refund_id) as refund_count,
    sum(i.quantity)::bigint as quantity, sum(i.amount)::decimal(18,2) as amount,
        count(*) filter (i.is_restocked) / count(*) as restocked_rate
from fct_refund_items i left join dim_product p using (product_id) group by all order by all;
""",
}


def build(folder: Path, out: Path, memory: str, threads: int, append: bool) -> dict[str, float]:
    """Build everything into a new file; seconds by phase and table."""
    out.unlink(missing_ok=True)
    con = duckdb.connect(
        str(out), config={"memory_limit": memory, "threads": threads, "preserve_insertion_order": False}
    )
    con.execute("create schema raw; create schema current")
    seconds: dict[str, float] = {}

    def run(phase: str, statement: str) -> None:
        began = time.perf_counter()
        con.execute(statement)
        seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - began

    for table in RAW:
        run("raw", read(table, folder, append))
    for table in RAW:
        run("newest versions", newest(table, append))
    run("dimensions", DIMENSIONS)
    for table, statement in FACTS.items():
        run(table, statement)
    for table, statement in MARTS.items():
        run(table, statement)
    run("checkpoint", "checkpoint")
    con.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--memory", default="3GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--append", action="store_true", help="nothing comes twice: don't pick newest versions")
    options = parser.parse_args()
    began = time.perf_counter()
    seconds = build(options.folder, options.out, options.memory, options.threads, options.append)
    wall = time.perf_counter() - began
    for phase, spent in seconds.items():
        print(f"{phase:<24}{spent:8.2f} s")
    used = resource.getrusage(resource.RUSAGE_SELF)
    groups = {"facts": FACTS, "marts": MARTS}
    print("; ".join(f"{name} {sum(seconds[table] for table in tables):.1f} s" for name, tables in groups.items()))
    print(f"wall {wall:.1f} s, cpu {used.ru_utime + used.ru_stime:.1f} s, peak memory {used.ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
