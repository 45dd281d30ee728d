"""The warehouse as one would write it by hand for one shop: one DuckDB script, from the storefront's CSV to marts.

    python bench/by_hand.py DATA_FOLDER OUT.duckdb [--memory 3GB] [--threads 2] [--append]

It is what the product's times are compared with, so it makes the same tables, those of core and the marts that have
data for this shop, and no more: typed raw tables, the newest version of each row, dimensions, facts, what several marts
share, marts. It keeps no history, tests nothing, and always builds everything. With `--append` it trusts that nothing
comes twice and doesn't look for newest versions. Prints the seconds of each phase and the peak memory.

Rows and amounts are those of the product's tables, and so are most names. What one wouldn't write for one shop with one
currency, one time zone and one source isn't there:

- surrogate keys (ids serve), unknown members, `source`, exchange rates, amounts in a reporting currency, local times;
- versions of customers and products, as-sold lines; `category_sales_as_sold` goes by today's categories;
- columns that this shop's files have no values for (duties, tips, reviews, targets, a seller's parcels), or that repeat
  another column (the allocated shipping of a line is its shipping, the profit is what is left after payment fees);
- the names of states and countries, which the product takes from reference lists, fiscal years and holidays;
- stock, marketing, subscriptions, targets, currencies and time zones, with their dimensions and marts.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import duckdb

import by_hand_customers
import by_hand_products
import by_hand_sales
from by_hand_aggregates import AGGREGATES

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
select c.category_id, c.name as category_name, c.parent_category_id, p.name as parent_category_name,
    coalesce(p.name || ' > ', '') || c.name as category_path, coalesce(p.name, c.name) as root_category_name
from current.categories c left join current.categories p on c.parent_category_id = p.category_id;

create table dim_product as
select p.product_id, p.name as product_name, p.sku, p.brand, p.category_id, c.category_name, c.category_path,
    c.root_category_name, p.price as list_price, p.cost as unit_cost, p.weight_grams, p.is_gift_card, p.is_perishable,
    p.shelf_life_days, p.status, p.created_at, p.updated_at
from current.products p left join dim_category c using (category_id);

create table dim_geography as
select row_number() over () as geography_id, country_code, state_code, postal_code, city
from (
    select country_code, state as state_code, postal_code, city from current.users
    union
    select shipping_country, shipping_state, shipping_postal_code, shipping_city from current.orders
);

create table dim_customer as
select u.user_id, min(u.user_id) over (partition by coalesce(lower(trim(u.email)), u.user_id::varchar)) as person_id,
    case when u.email is null then 'account' else 'email' end as match_method, u.email, u.phone, u.first_name,
    u.last_name, u.accepts_marketing, u.is_guest, g.geography_id, u.created_at, u.updated_at
from current.users u
left join dim_geography g on u.country_code = g.country_code and u.state = g.state_code
    and u.postal_code = g.postal_code and u.city = g.city;

create table dim_channel as select distinct channel from current.orders;

create table dim_store as select distinct coalesce(store_id, 0) as store_id, 'storefront' as store_name
from current.orders;

create table dim_time as
select m::integer as time_key, (m // 60)::integer as hour_of_day, (m % 60)::integer as minute_of_hour,
    case when m < 360 then 'night' when m < 720 then 'morning' when m < 1080 then 'afternoon' else 'evening' end
        as day_part
from range(1440) minutes (m);

create table dim_date as
with days as (
    select d::date as date_day, isodow(d)::integer as day_of_week, isoyear(d)::integer as iso_year,
        weekofyear(d)::integer as iso_week, date_trunc('week', d)::date as week_start_date,
        date_trunc('month', d)::date as month_start_date
    from generate_series(timestamp '1990-01-01', timestamp '2049-12-31', interval 1 day) days (d)
), weeks as (
    select *, least((iso_week - 1) // 13 + 1, 4)::integer as retail_quarter from days
)
select date_day, strftime(date_day, '%Y%m%d')::integer as date_key, year(date_day)::integer as year_number,
    quarter(date_day)::integer as quarter_of_year, month(date_day)::integer as month_of_year,
    day(date_day)::integer as day_of_month, dayofyear(date_day)::integer as day_of_year, day_of_week,
    dayname(date_day) as day_name, day_of_week >= 6 as is_weekend, iso_year, iso_week, week_start_date,
    month_start_date, date_trunc('quarter', date_day)::date as quarter_start_date,
    date_trunc('year', date_day)::date as year_start_date, last_day(date_day) as month_end_date,
    iso_year as retail_year, retail_quarter, case when iso_week - (retail_quarter - 1) * 13 <= 4 then 1
        when iso_week - (retail_quarter - 1) * 13 <= 8 then 2 else 3 end + (retail_quarter - 1) * 3 as retail_period,
    iso_week as retail_week, week_start_date - (iso_week - 1) * 7 as retail_year_start_date
from weeks;

create table order_headers as
select o.order_id, o.user_id, coalesce(c.person_id, -o.order_id) as person_id, coalesce(o.store_id, 0) as store_id,
    coalesce(g.geography_id, c.geography_id) as geography_id, o.employee_id, o.channel,
    case o.status when 'paid' then 'processing' else o.status end as order_status,
    o.status = 'cancelled' as is_cancelled, o.is_test, o.is_deleted, o.ordered_at, o.ordered_at::date as order_date,
    o.paid_at, o.cancelled_at,
    case when o.status = 'cancelled' then coalesce(o.cancelled_at, o.ordered_at)::date end as cancelled_date,
    o.promised_delivery_at, o.currency, o.discount_code, o.discount_amount, o.shipping_amount, o.tax_amount,
    o.total_amount
from current.orders o
left join dim_customer c using (user_id)
left join dim_geography g on o.shipping_country = g.country_code and o.shipping_state = g.state_code
    and o.shipping_postal_code = g.postal_code and o.shipping_city = g.city;
"""

FACTS: dict[str, str] = {
    "fct_payments": """
create table fct_payments as
select p.payment_id, p.order_id, o.person_id, o.store_id, p.paid_at, p.paid_at::date as paid_date,
    p.kind as payment_kind, p.status as payment_status, p.method as payment_method,
    p.installments as installment_count, p.amount as payment_amount,
    case when p.status <> 'succeeded' then 0 when p.kind in ('sale', 'capture') then p.amount
        when p.kind = 'refund' then -p.amount else 0 end::decimal(18,2) as captured_amount,
    p.fee_amount
from current.payments p join order_headers o using (order_id);
""",
    "fct_refunds": """
create table fct_refunds as
select r.refund_id, r.order_id, o.user_id, o.person_id, o.store_id, o.geography_id, o.channel, o.is_cancelled,
    not o.is_test and not o.is_deleted as is_sale, o.order_date, r.refunded_at::date as refunded_date, r.refunded_at,
    r.reason as refund_reason, r.amount as refund_amount, r.product_amount, r.tax_amount, r.shipping_amount,
    (r.amount - r.product_amount - r.tax_amount - r.shipping_amount)::decimal(18,2) as other_amount
from current.refunds r join order_headers o using (order_id);
""",
    "fct_refund_items": """
create table fct_refund_items as
select i.refund_id, i.order_id, i.line_number, i.product_id, r.user_id, r.person_id, r.store_id, r.geography_id,
    r.channel, r.is_cancelled, r.is_sale and not coalesce(p.is_gift_card, false) as is_sale, r.order_date,
    r.refunded_date, r.refunded_at, i.quantity, i.amount as refund_amount, i.is_restocked
from current.refund_items i
join fct_refunds r using (refund_id)
left join dim_product p using (product_id);
""",
    "fct_shipments": """
create table fct_shipments as
select s.shipment_id, s.order_id, o.person_id, o.store_id, o.geography_id, s.location_id, s.carrier,
    s.status as shipment_status, o.order_date, s.shipped_at, s.shipped_at::date as shipped_date,
    coalesce(s.estimated_delivery_at, o.promised_delivery_at) as promised_delivery_at,
    coalesce(s.estimated_delivery_at, o.promised_delivery_at)::date as promised_delivery_date, s.delivered_at,
    s.delivered_at::date as delivered_date, s.shipped_at::date - o.order_date as days_to_ship,
    s.delivered_at::date - o.order_date as days_to_deliver,
    s.delivered_at::date - coalesce(s.estimated_delivery_at, o.promised_delivery_at)::date as days_late,
    s.delivered_at::date > coalesce(s.estimated_delivery_at, o.promised_delivery_at)::date as is_late, s.cost_amount
from current.shipments s join order_headers o using (order_id);
""",
    "fct_order_items": """
create temp table shares as
with priced as (
    select i.order_id, i.line_number,
        case when p.is_gift_card then 0 else greatest(i.quantity * i.unit_price - i.discount_amount, 0) * 100
            end::bigint as net,
        (o.discount_amount * 100)::bigint as discount, (o.shipping_amount * 100)::bigint as shipping,
        (o.tax_amount * 100)::bigint as tax
    from current.order_items i
    join order_headers o using (order_id)
    left join dim_product p using (product_id)
    where o.discount_amount > 0 or o.shipping_amount > 0 or o.tax_amount > 0
), summed as (
    select *, (sum(net) over (partition by order_id))::bigint as net_sum,
        count(*) over (partition by order_id) as line_count
    from priced
), weighed as (
    select * exclude (net, net_sum, line_count), case when net_sum > 0 then net else 1 end as weight,
        case when net_sum > 0 then net_sum else line_count end as total
    from summed
), floored as (
    select *, discount * weight // total as d, discount * weight % total as d_rest, shipping * weight // total as s,
        shipping * weight % total as s_rest, tax * weight // total as t, tax * weight % total as t_rest
    from weighed
), ranked as (
    select *,
        row_number() over (partition by order_id order by d_rest desc, weight desc, line_number) as d_rank,
        discount - sum(d) over (partition by order_id) as d_missing,
        row_number() over (partition by order_id order by s_rest desc, weight desc, line_number) as s_rank,
        shipping - sum(s) over (partition by order_id) as s_missing,
        row_number() over (partition by order_id order by t_rest desc, weight desc, line_number) as t_rank,
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
    select order_id, line_number, sum(quantity)::bigint as quantity, sum(refund_amount)::decimal(18,2) as amount
    from fct_refund_items group by all
), priced as (
    select i.order_id, i.line_number, i.product_id, i.seller_id, o.user_id, o.person_id, o.store_id, o.geography_id,
        o.channel, o.employee_id, o.is_cancelled, not o.is_test and not o.is_deleted and not p.is_gift_card as is_sale,
        p.is_gift_card, o.ordered_at, o.order_date, i.quantity, i.unit_price,
        (i.quantity * i.unit_price)::decimal(18,2) as gross_amount,
        (i.discount_amount + coalesce(s.discount, 0))::decimal(18,2) as discount_amount,
        (i.tax_amount + coalesce(s.tax, 0))::decimal(18,2) as tax_amount,
        coalesce(s.shipping, 0)::decimal(18,2) as shipping_amount,
        coalesce(s.discount, 0)::decimal(18,2) as allocated_discount_amount,
        coalesce(s.tax, 0)::decimal(18,2) as allocated_tax_amount,
        (i.quantity * coalesce(i.unit_cost, p.unit_cost))::decimal(18,2) as cost_amount,
        coalesce(r.quantity, 0) as refunded_quantity, coalesce(r.amount, 0)::decimal(18,2) as refunded_amount
    from current.order_items i
    join order_headers o using (order_id)
    left join shares s using (order_id, line_number)
    left join dim_product p using (product_id)
    left join refunded r using (order_id, line_number)
)
select *, (gross_amount - discount_amount)::decimal(18,2) as net_amount,
    (gross_amount - discount_amount - cost_amount)::decimal(18,2) as margin_amount
from priced;
drop table shares;
""",
    "fct_orders": """
create table fct_orders as
with lines as (
    select order_id, count(*)::integer as line_count, sum(quantity)::bigint as item_count,
        bool_and(is_gift_card) as only_gift_cards, sum(gross_amount)::decimal(18,2) as gross_amount,
        sum(discount_amount)::decimal(18,2) as discount_amount, sum(net_amount)::decimal(18,2) as net_amount,
        sum(tax_amount)::decimal(18,2) as tax_amount, sum(shipping_amount)::decimal(18,2) as shipping_amount,
        sum(cost_amount)::decimal(18,2) as cost_amount
    from fct_order_items group by order_id
), products as (
    select order_id, count(distinct product_id)::integer as product_count from fct_order_items group by order_id
), payments as (
    select order_id, sum(captured_amount)::decimal(18,2) as payment_amount,
        sum(fee_amount)::decimal(18,2) as payment_fee_amount
    from fct_payments group by order_id
), refunds as (
    select order_id, sum(refund_amount)::decimal(18,2) as refund_amount,
        sum(product_amount)::decimal(18,2) as refund_product_amount
    from fct_refunds group by order_id
), parcels as (
    select order_id, min(shipped_at) as shipped_at, max(delivered_at) as delivered_at,
        max(promised_delivery_at) as promised_delivery_at, sum(cost_amount)::decimal(18,2) as shipping_cost_amount
    from fct_shipments group by order_id
), validated as (
    select o.order_id, o.person_id, o.ordered_at, case when o.is_deleted then 'deleted' when o.is_test then 'test'
        when o.is_cancelled then 'cancelled' when l.order_id is null then 'no lines'
        when l.only_gift_cards then 'gift cards alone' end as invalid_reason
    from order_headers o left join lines l using (order_id)
), numbered as (
    select order_id, (row_number() over persons)::integer as order_sequence,
        lag(ordered_at) over persons as previous_ordered_at
    from validated where invalid_reason is null
    window persons as (partition by person_id order by ordered_at, order_id)
)
select o.order_id, o.user_id, o.person_id, o.store_id, o.geography_id, o.employee_id, o.channel, o.order_status,
    v.invalid_reason is null as is_valid, v.invalid_reason, o.is_cancelled,
    not o.is_test and not o.is_deleted as is_sale, o.ordered_at, o.order_date, o.paid_at, o.cancelled_at,
    o.cancelled_date, coalesce(o.promised_delivery_at, s.promised_delivery_at) as promised_delivery_at, s.shipped_at,
    s.delivered_at, s.shipped_at::date - o.order_date as days_to_ship,
    s.delivered_at::date - o.order_date as days_to_deliver,
    s.delivered_at::date - coalesce(o.promised_delivery_at, s.promised_delivery_at)::date as days_late,
    n.order_sequence, coalesce(n.order_sequence = 1, false) as is_first_order, n.previous_ordered_at,
    o.order_date - n.previous_ordered_at::date as days_since_previous_order, o.currency, o.discount_code,
    coalesce(l.line_count, 0) as line_count, coalesce(l.item_count, 0) as item_count,
    coalesce(d.product_count, 0) as product_count, coalesce(l.gross_amount, 0) as gross_amount,
    coalesce(l.discount_amount, 0) as discount_amount, coalesce(l.net_amount, 0) as net_amount,
    coalesce(l.shipping_amount, 0) as shipping_amount, coalesce(l.tax_amount, 0) as tax_amount,
    coalesce(l.net_amount + l.shipping_amount + l.tax_amount, 0)::decimal(18,2) as total_amount,
    o.total_amount as control_total_amount, l.cost_amount, coalesce(p.payment_amount, 0) as payment_amount,
    p.order_id is not null as has_payment, coalesce(p.payment_fee_amount, 0) as payment_fee_amount,
    coalesce(r.refund_amount, 0) as refund_amount, coalesce(r.refund_product_amount, 0) as refund_product_amount,
    coalesce(s.shipping_cost_amount, 0) as shipping_cost_amount
from order_headers o
join validated v using (order_id)
left join numbered n using (order_id)
left join lines l using (order_id)
left join products d using (order_id)
left join payments p using (order_id)
left join refunds r using (order_id)
left join parcels s using (order_id);
""",
    "dim_person": """
create table dim_person as
with accounts as (
    select person_id, count(*)::integer as account_count, min(match_method) as match_method,
        bool_or(accepts_marketing) as accepts_marketing, min(created_at) as created_at
    from dim_customer group by person_id
), orders as (
    select person_id, count(*)::integer as order_count, count(*) filter (is_valid) as valid_order_count,
        min(order_date) filter (is_valid) as first_order_date, max(order_date) filter (is_valid) as last_order_date
    from fct_orders group by person_id
), firsts as (
    select person_id, order_id, geography_id, channel from fct_orders where is_first_order
)
select person_id, coalesce(a.match_method, 'order') as match_method, coalesce(a.account_count, 0) as account_count,
    coalesce(a.accepts_marketing, false) as accepts_marketing, a.created_at,
    coalesce(o.order_count, 0) as order_count, coalesce(o.valid_order_count, 0) as valid_order_count,
    o.first_order_date, o.last_order_date, date_trunc('month', o.first_order_date)::date as cohort_month,
    f.order_id as first_order_id, f.geography_id as first_geography_id, f.channel as first_channel
from accounts a
full join orders o using (person_id)
left join firsts f using (person_id);
""",
    # A cancelled order has no refunds at this shop: its cancellation takes back all of it.
    "taken_back": """
create table taken_back as
with items as (
    select refund_id, sum(refund_amount)::decimal(18,2) as refund_amount from fct_refund_items group by refund_id
)
select 'refund' as event_kind, order_id, refund_id, line_number, product_id, null::bigint as seller_id, user_id,
    person_id, store_id, geography_id, channel, order_date, refunded_date as event_date, -quantity as quantity,
    (-refund_amount)::decimal(18,2) as return_amount, 0::decimal(18,2) as cancellation_amount,
    0::decimal(18,2) as shipping_amount, 0::decimal(18,2) as tax_amount, 0::decimal(18,2) as other_amount
from fct_refund_items where is_sale
union all
select 'refund', r.order_id, r.refund_id, null, null, null, r.user_id, r.person_id, r.store_id, r.geography_id,
    r.channel, r.order_date, r.refunded_date, 0, coalesce(i.refund_amount, 0) - r.product_amount, 0,
    -r.shipping_amount, -r.tax_amount, -r.other_amount
from fct_refunds r left join items i using (refund_id)
where r.is_sale and (r.product_amount <> coalesce(i.refund_amount, 0) or r.shipping_amount <> 0 or r.tax_amount <> 0
    or r.other_amount <> 0)
union all
select 'cancellation', i.order_id, null, i.line_number, i.product_id, i.seller_id, i.user_id, i.person_id, i.store_id,
    i.geography_id, i.channel, i.order_date, o.cancelled_date, -i.quantity, 0, -i.net_amount, -i.shipping_amount,
    -i.tax_amount, 0
from fct_order_items i join order_headers o using (order_id)
where i.is_sale and i.is_cancelled;
""",
    "fct_sales_ledger": """
create view fct_sales_ledger as
select *, gross_amount + discount_amount + return_amount + cancellation_amount as net_sales_amount,
    gross_amount + discount_amount + return_amount + cancellation_amount + shipping_amount + tax_amount + other_amount
        as total_sales_amount
from (
    select 'sale' as event_kind, order_id, null::bigint as refund_id, line_number, product_id, seller_id, user_id,
        person_id, store_id, geography_id, channel, order_date, order_date as event_date, quantity, gross_amount,
        -discount_amount as discount_amount, 0 as return_amount, 0 as cancellation_amount, shipping_amount,
        tax_amount, 0 as other_amount
    from fct_order_items where is_sale
    union all by name
    select *, 0 as gross_amount, 0 as discount_amount from taken_back
);
""",
    "fct_goods_costs": """
create view fct_goods_costs as
select 'sale' as event_kind, order_id, line_number, product_id, order_date as event_date,
    coalesce(cost_amount, 0) as cost_amount,
    case when cost_amount is null and not is_cancelled then net_amount else 0 end as uncosted_amount
from fct_order_items where is_sale
union all
select 'cancellation', i.order_id, i.line_number, i.product_id, o.cancelled_date, -i.cost_amount, 0
from fct_order_items i join order_headers o using (order_id)
where i.is_sale and i.is_cancelled and i.cost_amount is not null
union all
select 'restock', i.order_id, i.line_number, i.product_id, r.refunded_date,
    -round(i.cost_amount * r.quantity / i.quantity, 4)::decimal(18,4), 0
from fct_refund_items r join fct_order_items i using (order_id, line_number)
where r.is_sale and r.is_restocked and i.cost_amount is not null;
""",
}

MARTS = {**by_hand_sales.MARTS, **by_hand_customers.MARTS, **by_hand_products.MARTS}


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
    for table, statement in AGGREGATES.items():
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
    groups = {"facts": FACTS, "aggregates": AGGREGATES, "marts": MARTS}
    print("; ".join(f"{name} {sum(seconds[table] for table in tables):.1f} s" for name, tables in groups.items()))
    print(f"wall {wall:.1f} s, cpu {used.ru_utime + used.ru_stime:.1f} s, peak memory {used.ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
