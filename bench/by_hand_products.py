"""Of by_hand.py: the marts of products."""

from __future__ import annotations

MARTS: dict[str, str] = {
    "product_performance_monthly": """
with measured as (
    select month_start_date, product_key, order_count, quantity, gross_amount, -discount_amount as discount_amount,
        -return_amount as return_amount, -cancellation_amount as cancellation_amount, net_sales_amount,
        case when count(cost_amount) over (partition by product_key) > 0 then coalesce(cost_amount, 0) end
            as cost_amount,
        net_sales_amount / nullif(sum(net_sales_amount) over (partition by month_start_date), 0)
            as net_sales_share_rate,
        row_number() over (partition by month_start_date order by net_sales_amount desc, product_key)
            as net_sales_rank
    from product_sales_by_month
)
select m.*, p.product_name, p.brand, c.category_name, m.net_sales_amount - m.cost_amount as margin_amount,
    (m.net_sales_amount - m.cost_amount) / nullif(m.net_sales_amount, 0) as margin_rate,
    m.return_amount / nullif(m.gross_amount - m.discount_amount, 0) as return_rate
from measured m join dim_product p using (product_key) join dim_category c using (category_key)
""",
    "product_performance": """
with summed as (
    select product_key, min(month_start_date) as first_month, max(month_start_date) as last_month,
        sum(order_count) as order_count, sum(quantity) as quantity, sum(gross_amount) as gross_amount,
        -sum(discount_amount) as discount_amount, -sum(return_amount) as return_amount,
        -sum(cancellation_amount) as cancellation_amount, sum(net_sales_amount) as net_sales_amount,
        sum(cost_amount) as cost_amount
    from product_sales_by_month group by product_key
)
select s.*, p.product_id, p.product_name, p.sku, p.brand, c.category_name,
    s.net_sales_amount - s.cost_amount as margin_amount,
    (s.net_sales_amount - s.cost_amount) / nullif(s.net_sales_amount, 0) as margin_rate,
    s.return_amount / nullif(s.gross_amount - s.discount_amount, 0) as return_rate,
    s.net_sales_amount / nullif(sum(s.net_sales_amount) over (), 0) as net_sales_share_rate,
    row_number() over (order by s.net_sales_amount desc, s.product_key) as net_sales_rank
from summed s join dim_product p using (product_key) join dim_category c using (category_key)
""",
    "category_performance": """
with costed as (
    select distinct product_key from product_sales_by_month where cost_amount is not null
), summed as (
    select s.month_start_date, p.category_key, count(*) filter (s.gross_amount > 0) as sold_product_count,
        sum(s.quantity) as quantity, sum(s.gross_amount) as gross_amount, -sum(s.discount_amount) as discount_amount,
        -sum(s.return_amount) as return_amount, -sum(s.cancellation_amount) as cancellation_amount,
        sum(s.net_sales_amount) as net_sales_amount, sum(s.cost_amount) as cost_amount,
        sum(s.net_sales_amount - coalesce(s.cost_amount, 0)) filter (c.product_key is not null) as margin_amount
    from product_sales_by_month s
    join dim_product p using (product_key)
    left join costed c using (product_key)
    group by all
)
select s.*, c.category_name, c.category_path, c.root_category_name,
    s.return_amount / nullif(s.gross_amount - s.discount_amount, 0) as return_rate,
    s.net_sales_amount / nullif(sum(s.net_sales_amount) over (partition by s.month_start_date), 0)
        as net_sales_share_rate
from summed s join dim_category c using (category_key)
""",
    "category_sales_daily": """
with stacked as (
    select i.order_date as date_day, i.channel_key, g.country_code, p.category_key, sum(i.quantity) as quantity,
        sum(i.gross_amount) as gross_amount, sum(i.discount_amount) as discount_amount, 0 as return_amount,
        0 as cancellation_amount
    from fct_order_items i join dim_geography g using (geography_key) join dim_product p using (product_key)
    where i.is_sale group by all
    union all
    select t.event_date, t.channel_key, g.country_code, p.category_key, sum(t.quantity), 0, 0, -sum(t.return_amount),
        -sum(t.cancellation_amount)
    from working.taken_back t join dim_geography g using (geography_key) join dim_product p using (product_key)
    group by all
), summed as (
    select date_day, channel_key, country_code, category_key, sum(quantity) as quantity,
        sum(gross_amount) as gross_amount, sum(discount_amount) as discount_amount,
        sum(return_amount) as return_amount, sum(cancellation_amount) as cancellation_amount,
        sum(gross_amount - discount_amount - return_amount - cancellation_amount) as net_sales_amount
    from stacked group by all
)
select s.*, h.channel, c.category_name
from summed s join dim_channel h using (channel_key) join dim_category c using (category_key)
""",
    # Of products with several versions, the category at the moment of the order.
    "category_sales_as_sold": """
with stacked as (
    select date_trunc('month', i.order_date) as month_start_date, i.channel_key,
        coalesce(v.category_key, p.category_key) as category_key, sum(i.quantity) as quantity,
        sum(i.gross_amount) as gross_amount, sum(i.discount_amount) as discount_amount, 0 as return_amount,
        0 as cancellation_amount,
        coalesce(sum(i.gross_amount) filter (v.category_key <> p.category_key), 0) as moved_gross_amount
    from fct_order_items i
    join dim_product p using (product_key)
    left join product_versions v on i.product_key = v.product_key and i.ordered_at >= v.valid_from
        and i.ordered_at < v.valid_to
    where i.is_sale group by all
    union all
    select date_trunc('month', t.event_date), t.channel_key, coalesce(v.category_key, p.category_key), sum(t.quantity),
        0, 0, -sum(t.return_amount), -sum(t.cancellation_amount), 0
    from working.taken_back t
    join dim_product p using (product_key)
    left join (
        select b.order_key, b.product_key, b.line_number, max(v.category_key) as category_key
        from working.taken_back b
        join product_versions v using (product_key)
        join order_headers o on b.order_key = o.order_key and o.ordered_at >= v.valid_from and o.ordered_at < v.valid_to
        group by all
    ) v on t.order_key = v.order_key and t.product_key = v.product_key and t.line_number = v.line_number
    group by all
), summed as (
    select month_start_date, channel_key, category_key, sum(quantity) as quantity, sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount, sum(return_amount) as return_amount,
        sum(cancellation_amount) as cancellation_amount,
        sum(gross_amount - discount_amount - return_amount - cancellation_amount) as net_sales_amount,
        sum(moved_gross_amount) as moved_gross_amount
    from stacked group by all
)
select s.*, h.channel, c.category_name, c.category_path, c.root_category_name,
    s.net_sales_amount / nullif(sum(s.net_sales_amount) over (partition by s.month_start_date, s.channel_key), 0)
        as net_sales_share_rate
from summed s join dim_channel h using (channel_key) join dim_category c using (category_key)
""",
    "top_products": """
with periods as (
    select * from (values (30, 'last 30 days'), (90, 'last 90 days')) p (period_days, period)
), recent_lines as (
    select product_key, order_key, is_cancelled, as_of_date - order_date as age_days, quantity, gross_amount,
        net_amount
    from fct_order_items, as_of where is_sale and order_date > as_of_date - 90
), recent as (
    select p.period, i.product_key, sum(i.quantity) as quantity, sum(i.gross_amount) as gross_amount,
        sum(i.net_amount) as net_sales_amount,
        count(distinct i.order_key) filter (not i.is_cancelled) as order_count
    from recent_lines i join periods p on i.age_days < p.period_days group by all
    union all
    select p.period, t.product_key, sum(t.quantity), 0, sum(t.return_amount + t.cancellation_amount), 0
    from taken_back t join as_of a on true join periods p on a.as_of_date - t.event_date < p.period_days
    where t.product_key <> 0 group by all
    union all
    select 'all time', product_key, quantity, gross_amount, net_sales_amount, order_count
    from product_performance where product_key <> 0
), summed as (
    select period, product_key, sum(order_count) as order_count, sum(quantity) as quantity,
        sum(gross_amount) as gross_amount, sum(net_sales_amount) as net_sales_amount
    from recent group by all
)
select s.*, row_number() over (partition by s.period order by s.net_sales_amount desc, p.product_name, product_key)
        as net_sales_rank,
    p.product_id, p.product_name, c.category_name,
    s.net_sales_amount / nullif(sum(s.net_sales_amount) over (partition by s.period), 0) as net_sales_share_rate,
    as_of_date
from summed s join dim_product p using (product_key) join dim_category c using (category_key), as_of
qualify net_sales_rank <= 100
""",
    "abc_xyz": """
with cumulated as (
    select product_key, product_name, net_sales_amount,
        sum(greatest(net_sales_amount, 0)) over (order by net_sales_amount desc)
            - sum(greatest(net_sales_amount, 0)) over (partition by net_sales_amount) as better_amount,
        sum(greatest(net_sales_amount, 0)) over () as all_amount
    from product_performance
), whole as (
    select max(month_start_date) as last_month from dim_date, as_of where month_end_date <= as_of_date
), demand as (
    select product_key, (max(datediff('month', month_start_date, last_month)) + 1)::integer as month_count,
        sum(quantity) as units, sum(quantity * quantity) as squares
    from product_sales_by_month, whole where month_start_date <= last_month group by product_key
), varied as (
    select product_key, month_count, units / month_count as mean_monthly_units,
        case when month_count >= 3 and units > 0
            then sqrt(greatest(squares / month_count - (units / month_count) ** 2, 0)) / (units / month_count) end
            as variation_rate
    from demand
)
select c.product_key, c.product_name, c.net_sales_amount,
    c.better_amount / nullif(c.all_amount, 0) as better_seller_share_rate,
    case when c.net_sales_amount <= 0 then 'C' when c.better_amount * 100 < c.all_amount * 80 then 'A'
        when c.better_amount * 100 < c.all_amount * 95 then 'B' else 'C' end as abc_class,
    coalesce(v.month_count, 0) as month_count, v.mean_monthly_units, v.variation_rate,
    case when v.variation_rate <= 0.5 then 'X' when v.variation_rate <= 1 then 'Y'
        when v.variation_rate > 1 then 'Z' end as xyz_class, abc_class || coalesce(xyz_class, '') as abc_xyz_class
from cumulated c left join varied v on c.product_key = v.product_key
""",
    "price_history": """
with prices as (
    select product_key, unit_price, min(order_date) as first_seen_date, max(order_date) as last_seen_date,
        count(*) as line_count, sum(quantity) as quantity, sum(gross_amount) as gross_amount
    from fct_order_items where is_sale group by all
)
select product_key, row_number() over seen as price_number, p.product_name, x.unit_price,
    lag(x.unit_price) over seen as previous_unit_price,
    x.unit_price / nullif(lag(x.unit_price) over seen, 0) - 1 as price_change_rate, x.first_seen_date,
    x.last_seen_date, row_number() over (partition by product_key order by x.last_seen_date desc,
        x.first_seen_date desc, x.unit_price desc) = 1 as is_latest, x.line_count, x.quantity, x.gross_amount
from prices x join dim_product p using (product_key)
window seen as (partition by product_key order by x.first_seen_date, x.unit_price)
""",
    # Pairs among the 1,000 products with the most orders, together in at least 5; the 20 most frequent of each.
    "product_affinity": """
with popular as (
    select product_key, product_name, order_count from product_performance
    where product_key <> 0 and order_count >= 5
    qualify row_number() over (order by order_count desc, product_key) <= 1000
), baskets as (
    select distinct i.order_key, i.product_key from fct_order_items i join popular using (product_key)
    where i.is_sale and not i.is_cancelled
), pairs as (
    select a.product_key, b.product_key as with_product_key, count(*) as pair_order_count
    from baskets a join baskets b on a.order_key = b.order_key and a.product_key < b.product_key
    group by all having count(*) >= 5
), directed as (
    select * from pairs union all select with_product_key, product_key, pair_order_count from pairs
), ranked as (
    select *, row_number() over (partition by product_key order by pair_order_count desc, with_product_key)
        as companion_rank
    from directed qualify companion_rank <= 20
), orders as (select count(*) as all_order_count from fct_orders where is_valid)
select r.product_key, a.product_name, r.with_product_key, b.product_name as with_product_name, r.companion_rank,
    r.pair_order_count, a.order_count as product_order_count, b.order_count as with_product_order_count,
    all_order_count, r.pair_order_count / all_order_count as support_rate,
    r.pair_order_count / a.order_count as confidence_rate,
    r.pair_order_count * all_order_count / (a.order_count::double * b.order_count) as lift
from ranked r
join popular a on r.product_key = a.product_key
join popular b on r.with_product_key = b.product_key, orders
""",
}
