"""Of by_hand.py: the marts of products."""

from __future__ import annotations

MARTS: dict[str, str] = {
    "product_performance_monthly": """
create table product_performance_monthly as
with measured as (
    select month_start_date, product_id, order_count, quantity, gross_amount, discount_amount, return_amount,
        cancellation_amount, net_sales_amount,
        case when count(cost_amount) over (partition by product_id) > 0 then coalesce(cost_amount, 0) end
            as cost_amount,
        sum(net_sales_amount) over (partition by month_start_date) as month_amount,
        row_number() over (partition by month_start_date order by net_sales_amount desc, product_id)
            as net_sales_rank
    from product_sales_by_month
)
select m.* exclude (month_amount), coalesce(p.product_name, 'unknown') as product_name, p.brand,
    coalesce(p.category_name, 'unknown') as category_name, m.net_sales_amount - m.cost_amount as margin_amount,
    (m.net_sales_amount - m.cost_amount) / nullif(m.net_sales_amount, 0) as margin_rate,
    m.return_amount / nullif(m.gross_amount - m.discount_amount, 0) as return_rate,
    m.net_sales_amount / nullif(m.month_amount, 0) as net_sales_share_rate
from measured m left join dim_product p using (product_id);
""",
    "product_performance": """
create table product_performance as
with summed as (
    select product_id, min(month_start_date) as first_month, max(month_start_date) as last_month,
        sum(order_count)::bigint as order_count, sum(quantity)::bigint as quantity,
        sum(gross_amount)::decimal(18,2) as gross_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
        sum(return_amount)::decimal(18,2) as return_amount,
        sum(cancellation_amount)::decimal(18,2) as cancellation_amount,
        sum(net_sales_amount)::decimal(18,2) as net_sales_amount, sum(cost_amount)::decimal(18,2) as cost_amount
    from product_sales_by_month group by product_id
)
select s.*, coalesce(p.product_name, 'unknown') as product_name, p.sku, p.brand,
    coalesce(p.category_name, 'unknown') as category_name, s.net_sales_amount - s.cost_amount as margin_amount,
    (s.net_sales_amount - s.cost_amount) / nullif(s.net_sales_amount, 0) as margin_rate,
    s.return_amount / nullif(s.gross_amount - s.discount_amount, 0) as return_rate,
    s.net_sales_amount / nullif(sum(s.net_sales_amount) over (), 0) as net_sales_share_rate,
    row_number() over (order by s.net_sales_amount desc, s.product_id) as net_sales_rank
from summed s left join dim_product p using (product_id);
""",
    "category_performance": """
create table category_performance as
with costed as (
    select distinct product_id from product_sales_by_month where cost_amount is not null
), summed as (
    select s.month_start_date, p.category_id, count(*) filter (s.gross_amount > 0) as sold_product_count,
        sum(s.quantity)::bigint as quantity, sum(s.gross_amount)::decimal(18,2) as gross_amount,
        sum(s.discount_amount)::decimal(18,2) as discount_amount, sum(s.return_amount)::decimal(18,2) as return_amount,
        sum(s.cancellation_amount)::decimal(18,2) as cancellation_amount,
        sum(s.net_sales_amount)::decimal(18,2) as net_sales_amount, sum(s.cost_amount)::decimal(18,2) as cost_amount,
        sum(s.net_sales_amount - coalesce(s.cost_amount, 0)) filter (c.product_id is not null)::decimal(18,2)
            as margin_amount
    from product_sales_by_month s
    left join dim_product p using (product_id)
    left join costed c using (product_id)
    group by all
)
select s.*, coalesce(c.category_name, 'unknown') as category_name,
    coalesce(c.category_path, 'unknown') as category_path,
    coalesce(c.root_category_name, 'unknown') as root_category_name,
    s.return_amount / nullif(s.gross_amount - s.discount_amount, 0) as return_rate,
    s.net_sales_amount / nullif(sum(s.net_sales_amount) over (partition by s.month_start_date), 0)
        as net_sales_share_rate
from summed s left join dim_category c using (category_id) order by all;
""",
    "category_sales_as_sold": """
create table category_sales_as_sold as
with stacked as (
    select date_trunc('month', i.order_date)::date as month_start_date, i.channel, p.category_id,
        sum(i.quantity)::bigint as quantity, sum(i.gross_amount)::decimal(18,2) as gross_amount,
        sum(i.discount_amount)::decimal(18,2) as discount_amount, 0 as return_amount, 0 as cancellation_amount
    from fct_order_items i join dim_product p using (product_id) where i.is_sale group by all
    union all
    select date_trunc('month', t.event_date)::date, t.channel, p.category_id, sum(t.quantity)::bigint, 0, 0,
        -sum(t.return_amount)::decimal(18,2), -sum(t.cancellation_amount)::decimal(18,2)
    from taken_back t left join dim_product p using (product_id) group by all
), summed as (
    select month_start_date, channel, category_id, sum(quantity)::bigint as quantity,
        sum(gross_amount)::decimal(18,2) as gross_amount, sum(discount_amount)::decimal(18,2) as discount_amount,
        sum(return_amount)::decimal(18,2) as return_amount,
        sum(cancellation_amount)::decimal(18,2) as cancellation_amount,
        sum(gross_amount - discount_amount - return_amount - cancellation_amount)::decimal(18,2) as net_sales_amount
    from stacked group by all
)
select s.*, coalesce(c.category_name, 'unknown') as category_name,
    coalesce(c.category_path, 'unknown') as category_path,
    coalesce(c.root_category_name, 'unknown') as root_category_name,
    s.net_sales_amount / nullif(sum(s.net_sales_amount) over (partition by s.month_start_date, s.channel), 0)
        as net_sales_share_rate
from summed s left join dim_category c using (category_id) order by all;
""",
    "top_products": """
create table top_products as
with periods as (
    select * from (values (30, 'last 30 days'), (90, 'last 90 days')) p (period_days, period)
), recent_lines as (
    select product_id, order_id, is_cancelled, as_of_date - order_date as age_days, quantity, gross_amount, net_amount
    from fct_order_items, as_of where is_sale and order_date > as_of_date - 90
), recent as (
    select p.period, i.product_id, sum(i.quantity)::bigint as quantity,
        sum(i.gross_amount)::decimal(18,2) as gross_amount, sum(i.net_amount)::decimal(18,2) as net_sales_amount,
        count(distinct i.order_id) filter (not i.is_cancelled) as order_count
    from recent_lines i join periods p on i.age_days < p.period_days group by all
    union all
    select p.period, t.product_id, sum(t.quantity)::bigint, 0,
        sum(t.return_amount + t.cancellation_amount)::decimal(18,2), 0
    from taken_back t join as_of a on true join periods p on a.as_of_date - t.event_date < p.period_days
    where t.product_id is not null group by all
    union all
    select 'all time', product_id, quantity, gross_amount, net_sales_amount, order_count
    from product_performance where product_id is not null
), summed as (
    select period, product_id, sum(order_count)::bigint as order_count, sum(quantity)::bigint as quantity,
        sum(gross_amount)::decimal(18,2) as gross_amount, sum(net_sales_amount)::decimal(18,2) as net_sales_amount
    from recent group by all
)
select s.period, row_number() over (partition by s.period order by s.net_sales_amount desc, p.product_name, product_id)
        as net_sales_rank,
    product_id, p.product_name, p.category_name, s.order_count, s.quantity, s.gross_amount, s.net_sales_amount,
    s.net_sales_amount / nullif(sum(s.net_sales_amount) over (partition by s.period), 0) as net_sales_share_rate,
    as_of_date
from summed s join dim_product p using (product_id), as_of
qualify net_sales_rank <= 100 order by period, net_sales_rank;
""",
    "abc_xyz": """
create table abc_xyz as
with cumulated as (
    select product_id, product_name, net_sales_amount,
        sum(greatest(net_sales_amount, 0)) over (order by net_sales_amount desc)
            - sum(greatest(net_sales_amount, 0)) over (partition by net_sales_amount) as better_amount,
        sum(greatest(net_sales_amount, 0)) over () as all_amount
    from product_performance
), whole as (
    select max(month_start_date) as last_month from dim_date, as_of where month_end_date <= as_of_date
), demand as (
    select product_id, (max(datediff('month', month_start_date, last_month)) + 1)::integer as month_count,
        sum(quantity) as units, sum(quantity * quantity) as squares
    from product_sales_by_month, whole where month_start_date <= last_month group by product_id
), varied as (
    select product_id, month_count, units / month_count as mean_monthly_units,
        case when month_count >= 3 and units > 0
            then sqrt(greatest(squares / month_count - (units / month_count) ** 2, 0)) / (units / month_count) end
            as variation_rate
    from demand
)
select c.product_id, c.product_name, c.net_sales_amount,
    c.better_amount / nullif(c.all_amount, 0) as better_seller_share_rate,
    case when c.net_sales_amount <= 0 then 'C' when c.better_amount * 100 < c.all_amount * 80 then 'A'
        when c.better_amount * 100 < c.all_amount * 95 then 'B' else 'C' end as abc_class,
    coalesce(v.month_count, 0) as month_count, v.mean_monthly_units, v.variation_rate,
    case when v.variation_rate <= 0.5 then 'X' when v.variation_rate <= 1 then 'Y'
        when v.variation_rate > 1 then 'Z' end as xyz_class, abc_class || coalesce(xyz_class, '') as abc_xyz_class
from cumulated c left join varied v on c.product_id is not distinct from v.product_id;
""",
    "price_history": """
create table price_history as
with prices as (
    select product_id, unit_price, min(order_date) as first_seen_date, max(order_date) as last_seen_date,
        count(*) as line_count, sum(quantity)::bigint as quantity, sum(gross_amount)::decimal(18,2) as gross_amount
    from fct_order_items where is_sale group by all
)
select product_id, row_number() over seen as price_number, p.product_name, x.unit_price,
    lag(x.unit_price) over seen as previous_unit_price,
    x.unit_price / nullif(lag(x.unit_price) over seen, 0) - 1 as price_change_rate, x.first_seen_date,
    x.last_seen_date, row_number() over (partition by product_id order by x.last_seen_date desc,
        x.first_seen_date desc, x.unit_price desc) = 1 as is_latest, x.line_count, x.quantity, x.gross_amount
from prices x join dim_product p using (product_id)
window seen as (partition by product_id order by x.first_seen_date, x.unit_price);
""",
    # Pairs among the 1,000 products with the most orders, together in at least 5; the 20 most frequent of each.
    "product_affinity": """
create table product_affinity as
with popular as (
    select product_id, product_name, order_count from product_performance
    where product_id is not null and order_count >= 5
    qualify row_number() over (order by order_count desc, product_id) <= 1000
), baskets as (
    select distinct i.order_id, i.product_id from fct_order_items i join popular using (product_id)
    where i.is_sale and not i.is_cancelled
), pairs as (
    select a.product_id, b.product_id as with_product_id, count(*) as pair_order_count
    from baskets a join baskets b on a.order_id = b.order_id and a.product_id < b.product_id
    group by all having count(*) >= 5
), directed as (
    select * from pairs union all select with_product_id, product_id, pair_order_count from pairs
), ranked as (
    select *, row_number() over (partition by product_id order by pair_order_count desc, with_product_id)
        as companion_rank
    from directed qualify companion_rank <= 20
), orders as (select count(*) as all_order_count from fct_orders where is_valid)
select r.product_id, a.product_name, r.with_product_id, b.product_name as with_product_name, r.companion_rank,
    r.pair_order_count, a.order_count as product_order_count, b.order_count as with_product_order_count,
    all_order_count, r.pair_order_count / all_order_count as support_rate,
    r.pair_order_count / a.order_count as confidence_rate,
    r.pair_order_count * all_order_count / (a.order_count::double * b.order_count) as lift
from ranked r
join popular a on r.product_id = a.product_id
join popular b on r.with_product_id = b.product_id, orders;
""",
}
