"""Of by_hand.py: dimensions, and the orders' heads that the facts share.

A key is 60 bits of an md5, as `key(text)`: hashed once for each member, and carried through joins.
"""

from __future__ import annotations


def place(prefix: str, country: str) -> str:
    """The id of an address: its four parts."""
    parts = (f"upper({country})", f"{prefix}state", f"{prefix}postal_code", f"{prefix}city")
    texts = " || '|' || ".join(f"coalesce({part}, '')" for part in parts)
    return f"case when coalesce({', '.join(parts)}) is not null then {texts} end"


def versions(table: str, name: str, columns: str, names: str) -> str:
    """The statement that lists the versions of what has more than one; a version begins where a column differs."""
    return f"""
with states as (
    select {table[:-1]}_id::varchar as id, updated_at, file_day, {columns}
    from raw.{table}
    where {table[:-1]}_id in (select {table[:-1]}_id from raw.{table} group by all having count(*) > 1)
    window w as (partition by {table[:-1]}_id order by updated_at, file_day)
    qualify lead(updated_at) over w is distinct from updated_at
), differing as (
    select * from states
    window w as (partition by id order by updated_at)
    qualify lag(({names})) over w is distinct from ({names})
), numbered as (
    select *, row_number() over w as version_number, lead(updated_at) over w as next_at
    from differing window w as (partition by id order by updated_at)
)
select case when version_number = 1 then key('storefront|' || id)
        else key('storefront|' || id || '|' || epoch_us(updated_at)) end as {name}_version_key,
    key('storefront|' || id) as {name}_key, id as {name}_id, {names}, false as is_deleted,
    case when version_number = 1 then timestamp '1900-01-01' else updated_at end as valid_from,
    coalesce(next_at, timestamp '9999-12-31') as valid_to, next_at is null as is_current, version_number
from numbered where version_number > 1 or next_at is not null
"""


PRODUCT = """name as product_name, sku, brand, category_id::varchar as category_id,
    key('storefront|' || category_id) as category_key, price as list_price, cost as unit_cost, null as currency_code,
    weight_grams, coalesce(is_gift_card, false) as is_gift_card, lower(status) as status"""
PRODUCT_NAMES = """product_name, sku, brand, category_id, category_key, list_price, unit_cost, currency_code,
    weight_grams, is_gift_card, status"""
CUSTOMER = f"""coalesce(accepts_marketing, false) as accepts_marketing, coalesce(is_guest, false) as is_guest,
    {place("", "country_code")} as geography_id"""

DIMENSIONS: dict[str, str] = {
    "dim_channel": """
select key(channel) as channel_key, channel from (
    select distinct coalesce(lower(trim(channel)), 'unknown') as channel from current.orders
    union select 'unknown'
)
""",
    "dim_store": "select null as currency_code, true as is_inferred",
    "dim_category": """
select key('storefront|' || c.category_id) as category_key, c.category_id, c.name as category_name,
    c.parent_category_id, coalesce(p.name || ' > ', '') || c.name as category_path,
    coalesce(p.name, c.name) as root_category_name
from current.categories c left join current.categories p on c.parent_category_id = p.category_id
""",
    "product_versions": versions("products", "product", PRODUCT, PRODUCT_NAMES),
    "dim_product": f"""
select key('storefront|' || p.product_id) as product_key,
    coalesce(v.product_version_key, key('storefront|' || p.product_id)) as product_version_key, p.*, false as is_deleted
from (select product_id::varchar as product_id, {PRODUCT}, created_at, updated_at from current.products) p
left join product_versions v on p.product_id = v.product_id and v.is_current
""",
    # Places of former addresses stay.
    "dim_geography": f"""
with addresses as (
    select upper(country_code) as country_code, state, postal_code, city from raw.users
    union
    select upper(shipping_country), shipping_state, shipping_postal_code, shipping_city from raw.orders
), places as (
    select *, {place("", "country_code")} as geography_id from addresses
)
select key('storefront|' || geography_id) as geography_key, geography_id, postal_code, city,
    coalesce(upper(state), 'unknown') as state_code, coalesce(upper(state), 'unknown') as state,
    coalesce(country_code, 'unknown') as country_code, coalesce(country_code, 'unknown') as country
from places where geography_id is not null
""",
    "customer_versions": f"""
select v.*, coalesce(g.geography_key, 0) as geography_key
from (
    {versions("users", "customer", CUSTOMER, "accepts_marketing, is_guest, geography_id")}
) v left join dim_geography g using (geography_id)
""",
    "dim_customer": f"""
with accounts as (
    select key('storefront|' || user_id) as customer_key, user_id::varchar as customer_id,
        case when email like '%@%' then 'email|' || lower(trim(email)) else 'account|storefront|' || user_id end
            as person,
        case when email like '%@%' then 'email' else 'account' end as match_method, email, phone, first_name, last_name,
        {CUSTOMER}, created_at, updated_at, false as is_deleted
    from current.users
)
select a.* exclude (person), coalesce(v.customer_version_key, a.customer_key) as customer_version_key,
    key(a.person) as person_key, coalesce(g.geography_key, 0) as geography_key
from accounts a
left join dim_geography g using (geography_id)
left join (select customer_key, customer_version_key from customer_versions where is_current) v using (customer_key)
""",
    "dim_time": """
select m as time_key, m // 60 as hour_of_day, m % 60 as minute_of_hour,
    case when m < 360 then 'night' when m < 720 then 'morning' when m < 1080 then 'afternoon' else 'evening' end
        as day_part
from range(1440) minutes (m)
""",
    "fct_time_zone_offsets_daily": """
select 'UTC' as timezone, d::date as utc_date, case when d < '2049-12-31' then 0 end as offset_seconds
from generate_series(timestamp '1990-01-01', timestamp '2049-12-31', interval 1 day) days (d)
""",
    "dim_date": """
with days as (
    select d::date as date_day, isodow(d) as day_of_week, isoyear(d) as iso_year, weekofyear(d) as iso_week,
        date_trunc('week', d)::date as week_start_date, date_trunc('month', d)::date as month_start_date
    from generate_series(timestamp '1990-01-01', timestamp '2049-12-31', interval 1 day) days (d)
), weeks as (
    select *, least((iso_week - 1) // 13 + 1, 4) as retail_quarter from days
)
select date_day, strftime(date_day, '%Y%m%d')::integer as date_key, year(date_day) as year_number,
    quarter(date_day) as quarter_of_year, month(date_day) as month_of_year, day(date_day) as day_of_month,
    dayofyear(date_day) as day_of_year, day_of_week, dayname(date_day) as day_name, day_of_week >= 6 as is_weekend,
    iso_year, iso_week, week_start_date, month_start_date, date_trunc('quarter', date_day)::date as quarter_start_date,
    date_trunc('year', date_day)::date as year_start_date, last_day(date_day) as month_end_date,
    year_number as fiscal_year, month_of_year as fiscal_month, quarter_of_year as fiscal_quarter,
    iso_year as retail_year, retail_quarter, case when iso_week - (retail_quarter - 1) * 13 <= 4 then 1
        when iso_week - (retail_quarter - 1) * 13 <= 8 then 2 else 3 end + (retail_quarter - 1) * 3 as retail_period,
    iso_week as retail_week, week_start_date - (iso_week - 1)::integer * 7 as retail_year_start_date,
    day_of_week < 6 as is_working_day
from weeks
""",
    "order_headers": f"""
with placed as (
    select o.*, coalesce({place("shipping_", "shipping_country")}, c.geography_id) as geography_id, c.customer_key,
        c.person_key, coalesce(lower(trim(o.channel)), 'unknown') as channel_name
    from current.orders o left join dim_customer c on o.user_id = c.customer_id::bigint
)
select key('storefront|' || o.order_id) as order_key, o.order_id, o.user_id as customer_id,
    coalesce(o.customer_key, case when o.user_id is null then 0 else key('storefront|' || o.user_id) end)
        as customer_key,
    coalesce(o.person_key, key(case when o.user_id is null then 'order|storefront|' || o.order_id
        else 'account|storefront|' || o.user_id end)) as person_key,
    o.geography_id, coalesce(g.geography_key, 0) as geography_key, o.employee_id, c.channel, c.channel_key,
    case o.status when 'paid' then 'processing' else o.status end as order_status,
    o.status = 'cancelled' as is_cancelled, coalesce(o.is_test, false) as is_test,
    coalesce(o.is_deleted, false) as is_deleted, o.ordered_at, o.ordered_at as ordered_at_local,
    o.ordered_at as order_date, o.paid_at, o.cancelled_at,
    case when o.status = 'cancelled' then coalesce(o.cancelled_at, o.ordered_at) end as cancelled_date,
    o.promised_delivery_at, o.promised_delivery_at as promised_delivery_date, o.currency as currency_code,
    coalesce(o.taxes_included, false) as has_taxes_included, nullif(trim(o.discount_code), '') as discount_code,
    coalesce(o.discount_amount, 0) as order_discount_amount, coalesce(o.shipping_amount, 0) as order_shipping_amount,
    coalesce(o.tax_amount, 0) as order_tax_amount, o.total_amount as control_total_amount
from placed o
join dim_channel c on o.channel_name = c.channel
left join dim_geography g using (geography_id)
""",
}

# Versions that stand alone are the dimensions' own rows.
HISTORIES: dict[str, str] = {
    "dim_customer_history": """
create view dim_customer_history as
select customer_version_key, customer_key, source, customer_id, gender, accepts_marketing, is_guest, geography_id,
    geography_key, acquisition_source, is_deleted, timestamp '1900-01-01' as valid_from,
    timestamp '9999-12-31' as valid_to, true as is_current, 1 as version_number, is_inferred
from dim_customer where customer_version_key = customer_key
union all
select *, false from customer_versions
""",
    "dim_product_history": """
create view dim_product_history as
select product_version_key, product_key, source, product_id, product_name, parent_product_id, sku, brand, category_id,
    category_key, list_price, unit_cost, currency_code, weight_grams, coalesce(is_gift_card, false) as is_gift_card,
    status, coalesce(is_deleted, false) as is_deleted, timestamp '1900-01-01' as valid_from,
    timestamp '9999-12-31' as valid_to, true as is_current, 1 as version_number, is_inferred
from dim_product where product_version_key = product_key
union all
select *, false from product_versions
""",
}

# Of what no row names (sellers, employees, locations, campaigns, promotions) the only member.
UNKNOWN_MEMBERS: dict[str, str] = {
    "dim_campaign": """
select 0 as campaign_key, 'unknown' as source, 'unknown' as campaign_id,
    'unknown' as campaign_name, true as is_inferred
""",
    "dim_category": """
select 0 as category_key, 'unknown' as source, 'unknown' as category_id, 'unknown' as category_name,
    'unknown' as category_path, 'unknown' as root_category_name, true as is_inferred
""",
    "dim_customer": """
select 0 as customer_key, 0 as customer_version_key, 'unknown' as source, 'unknown' as customer_id,
    0 as person_key, 'account' as match_method, false as accepts_marketing, false as is_guest, 0 as geography_key,
    false as is_deleted, true as is_inferred
""",
    "dim_employee": """
select 0 as employee_key, 'unknown' as source, 'unknown' as employee_id, 'unknown' as employee_name,
    true as is_inferred
""",
    "dim_geography": """
select 0 as geography_key, 'unknown' as source, 'unknown' as geography_id, 'unknown' as state_code,
    'unknown' as state, 'unknown' as country_code, 'unknown' as country, true as is_inferred
""",
    "dim_location": """
select 0 as location_key, 'unknown' as source, 'unknown' as location_id, 'unknown' as location_name,
    true as is_inferred
""",
    "dim_person": """
select 0 as person_key, 'unknown' as match_method, null as match_confidence, 0 as account_count,
    false as accepts_marketing, 0 as order_count, 0 as valid_order_count, 0 as first_order_key,
    0 as first_geography_key, key('unknown') as first_channel_key
""",
    "dim_product": """
select 0 as product_key, 0 as product_version_key, 'unknown' as source, 'unknown' as product_id,
    'unknown' as product_name, 0 as category_key, null as currency_code, true as is_inferred
""",
    "dim_promotion": """
select 0 as promotion_key, 'unknown' as source, 'unknown' as promotion_id, 'unknown' as code,
    true as is_inferred
""",
    "dim_seller": """
select 0 as seller_key, 'unknown' as source, 'unknown' as seller_id, 'unknown' as seller_name,
    true as is_inferred
""",
    "dim_store": """
select 0 as store_key, 'unknown' as source, 'unknown' as store_id, 'unknown' as store_name,
    null as currency_code, true as is_inferred
""",
}
