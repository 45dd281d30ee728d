"""Of by_hand.py: facts, and the persons that follow from the orders."""

from __future__ import annotations

FACTS: dict[str, str] = {
    "fct_payments": """
select key('storefront|' || p.payment_id) as payment_key, p.payment_id, o.order_key, o.person_key, p.paid_at,
    p.paid_at as paid_date, coalesce(lower(p.kind), 'sale') as payment_kind, p.status as payment_status,
    p.method as payment_method, p.installments as installment_count, p.amount as payment_amount,
    case when p.status <> 'succeeded' then 0 when p.kind in ('sale', 'capture') then p.amount
        when p.kind = 'refund' then -p.amount else 0 end as captured_amount, coalesce(p.fee_amount, 0) as fee_amount
from current.payments p join order_headers o on p.order_id = o.order_id::bigint
""",
    "fct_refunds": """
select key('storefront|' || r.refund_id) as refund_key, r.refund_id, o.order_key, o.customer_key, o.person_key,
    o.geography_key, o.channel_key, true as has_order, o.is_cancelled, not o.is_test and not o.is_deleted as is_sale,
    o.order_date, r.refunded_at as refunded_date, r.refunded_at, r.reason as refund_reason, r.amount as refund_amount,
    r.product_amount, r.tax_amount, r.shipping_amount,
    r.amount - r.product_amount - r.tax_amount - r.shipping_amount as other_amount
from current.refunds r join order_headers o on r.order_id = o.order_id::bigint
""",
    "fct_refund_items": """
with items as (
    select *, order_id || '|' || line_number || '|' || product_id as refund_item_id from current.refund_items
)
select key('storefront|' || i.refund_id || '|' || i.refund_item_id) as refund_item_key, r.refund_key, i.refund_id,
    i.refund_item_id, r.order_key, i.line_number, p.product_key, i.product_id, r.customer_key, r.person_key,
    r.geography_key, r.channel_key, r.is_cancelled, r.is_sale and not p.is_gift_card as is_sale, r.order_date,
    r.refunded_date, r.refunded_at, i.quantity, i.amount as refund_amount,
    coalesce(i.is_restocked, false) as is_restocked
from items i
join fct_refunds r on i.refund_id = r.refund_id::bigint
join dim_product p on i.product_id = p.product_id::bigint
""",
    "fct_shipments": """
with parcels as (
    select *, shipped_at::date as shipped_date, delivered_at::date as delivered_date from current.shipments
)
select key('storefront|' || s.shipment_id) as shipment_key, s.shipment_id, o.order_key, o.person_key, o.geography_key,
    s.carrier, s.status as shipment_status, o.order_date, s.shipped_at, s.shipped_date,
    coalesce(s.estimated_delivery_at, o.promised_delivery_at) as promised_delivery_at,
    coalesce(s.estimated_delivery_at, o.promised_delivery_at)::date as promised_delivery_date, s.delivered_at,
    s.delivered_date, s.shipped_date - o.order_date as days_to_ship, s.delivered_date - o.order_date as days_to_deliver,
    s.delivered_date - coalesce(s.estimated_delivery_at, o.promised_delivery_at)::date as days_late,
    s.delivered_date > coalesce(s.estimated_delivery_at, o.promised_delivery_at)::date as is_late, s.cost_amount
from parcels s join order_headers o on s.order_id = o.order_id::bigint
""",
    # What an order has of its own is shared by its lines, by what they sold for, to the cent (largest remainder).
    "fct_order_items": """
with shares as materialized (
    with priced as (
        select i.order_id, i.line_number,
            case when p.is_gift_card then 0 else greatest(i.quantity * i.unit_price - i.discount_amount, 0) * 100
                end::bigint as net,
            (o.order_discount_amount * 100)::bigint as discount, (o.order_shipping_amount * 100)::bigint as shipping,
            (o.order_tax_amount * 100)::bigint as tax
        from current.order_items i
        join order_headers o on i.order_id = o.order_id::bigint
        left join dim_product p on i.product_id = p.product_id::bigint
        where o.order_discount_amount > 0 or o.order_shipping_amount > 0 or o.order_tax_amount > 0
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
    from ranked
), refunded as (
    select order_key, line_number, sum(quantity) as quantity, sum(refund_amount) as amount
    from fct_refund_items group by all
), priced as (
    select o.order_key, i.order_id, i.line_number, i.product_id, p.product_key, i.seller_id, o.customer_key,
        o.person_key, o.geography_key, o.channel_key, o.is_cancelled,
        not o.is_test and not o.is_deleted and not p.is_gift_card as is_sale, p.is_gift_card, o.ordered_at,
        o.order_date, o.currency_code, i.quantity, i.unit_price,
        (i.quantity * i.unit_price)::decimal(18,2) as gross_amount,
        (i.discount_amount + coalesce(s.discount, 0))::decimal(18,2) as discount_amount,
        (i.tax_amount + coalesce(s.tax, 0))::decimal(18,2) as tax_amount,
        coalesce(s.shipping, 0) as shipping_amount, coalesce(s.discount, 0) as allocated_discount_amount,
        coalesce(s.tax, 0) as allocated_tax_amount, coalesce(s.shipping, 0) as allocated_shipping_amount,
        (i.quantity * coalesce(i.unit_cost, p.unit_cost))::decimal(18,2) as cost_amount
    from current.order_items i
    join order_headers o on i.order_id = o.order_id::bigint
    left join shares s on i.order_id = s.order_id and i.line_number = s.line_number
    left join dim_product p on i.product_id = p.product_id::bigint
)
select priced.*, gross_amount - discount_amount as net_amount, cost_amount as cost_amount_reporting,
    gross_amount - discount_amount - cost_amount as margin_amount, coalesce(r.quantity, 0) as refunded_quantity,
    coalesce(r.amount, 0) as refunded_amount
from priced left join refunded r using (order_key, line_number)
""",
    "fct_orders": """
with lines as (
    select order_key, count(*) as line_count, sum(quantity) as item_count, count(distinct product_key) as product_count,
        bool_and(is_gift_card) as only_gift_cards, sum(gross_amount)::decimal(18,4) as gross_amount,
        sum(discount_amount)::decimal(18,4) as discount_amount, sum(net_amount)::decimal(18,4) as net_amount,
        sum(tax_amount)::decimal(18,4) as tax_amount, sum(shipping_amount)::decimal(18,4) as shipping_amount,
        sum(cost_amount)::decimal(18,4) as cost_amount
    from fct_order_items group by order_key
), payments as (
    select order_key, sum(captured_amount) as payment_amount, sum(fee_amount) as payment_fee_amount
    from fct_payments group by order_key
), refunds as (
    select order_key, sum(refund_amount) as refund_amount, sum(product_amount) as refund_product_amount
    from fct_refunds group by order_key
), parcels as (
    select order_key, min(shipped_at) as shipped_at, max(delivered_at) as delivered_at,
        max(promised_delivery_at) as promised_delivery_at, sum(cost_amount) as shipping_cost_amount
    from fct_shipments group by order_key
), validated as (
    select o.order_key, o.person_key, o.ordered_at, case when o.is_deleted then 'deleted' when o.is_test then 'test'
        when o.is_cancelled then 'cancelled' when l.order_key is null then 'no lines'
        when l.only_gift_cards then 'gift cards alone' end as invalid_reason
    from order_headers o left join lines l using (order_key)
), numbered as (
    select order_key, row_number() over persons as order_sequence, lag(ordered_at) over persons as previous_ordered_at
    from validated where invalid_reason is null
    window persons as (partition by person_key order by ordered_at, order_key)
)
select o.order_key, o.order_id, o.customer_id, o.customer_key, o.person_key, o.geography_id, o.geography_key,
    o.employee_id, o.channel, o.channel_key, o.order_status, v.invalid_reason is null as is_valid, v.invalid_reason,
    o.is_cancelled, not o.is_test and not o.is_deleted as is_sale, o.ordered_at, o.ordered_at_local, o.order_date,
    o.paid_at, o.cancelled_at, o.cancelled_date,
    coalesce(o.promised_delivery_at, s.promised_delivery_at) as promised_delivery_at, s.shipped_at, s.delivered_at,
    s.shipped_at::date - o.order_date as days_to_ship, s.delivered_at::date - o.order_date as days_to_deliver,
    s.delivered_at::date - coalesce(o.promised_delivery_at, s.promised_delivery_at)::date as days_late,
    n.order_sequence, coalesce(n.order_sequence = 1, false) as is_first_order, n.previous_ordered_at,
    o.order_date - n.previous_ordered_at::date as days_since_previous_order, o.currency_code, o.discount_code,
    coalesce(l.line_count, 0) as line_count, coalesce(l.item_count, 0) as item_count,
    coalesce(l.product_count, 0) as product_count, coalesce(l.gross_amount, 0) as gross_amount,
    coalesce(l.discount_amount, 0) as discount_amount, coalesce(l.net_amount, 0) as net_amount,
    coalesce(l.shipping_amount, 0) as shipping_amount, coalesce(l.tax_amount, 0) as tax_amount,
    coalesce(l.net_amount + l.shipping_amount + l.tax_amount, 0) as total_amount, o.control_total_amount,
    l.cost_amount, coalesce(p.payment_amount, 0) as payment_amount, p.order_key is not null as has_payment,
    coalesce(p.payment_fee_amount, 0) as payment_fee_amount, coalesce(r.refund_amount, 0) as refund_amount,
    coalesce(r.refund_product_amount, 0) as refund_product_amount,
    coalesce(s.shipping_cost_amount, 0) as shipping_cost_amount,
    coalesce(l.gross_amount, 0) as gross_amount_reporting, coalesce(l.discount_amount, 0) as discount_amount_reporting,
    coalesce(l.net_amount, 0) as net_amount_reporting, coalesce(l.shipping_amount, 0) as shipping_amount_reporting,
    coalesce(l.tax_amount, 0) as tax_amount_reporting,
    coalesce(l.net_amount + l.shipping_amount + l.tax_amount, 0) as total_amount_reporting,
    l.cost_amount as cost_amount_reporting, coalesce(r.refund_amount, 0) as refund_amount_reporting,
    coalesce(r.refund_product_amount, 0) as refund_product_amount_reporting
from order_headers o
join validated v using (order_key)
left join numbered n using (order_key)
left join lines l using (order_key)
left join payments p using (order_key)
left join refunds r using (order_key)
left join parcels s using (order_key)
""",
    "dim_person": """
with accounts as (
    select person_key, count(*) as account_count, min(match_method) as match_method,
        bool_or(accepts_marketing) as accepts_marketing, min(created_at) as created_at
    from dim_customer group by person_key
), orders as (
    select person_key, count(*) as order_count, count(*) filter (is_valid) as valid_order_count,
        min(order_date) filter (is_valid) as first_order_date, max(order_date) filter (is_valid) as last_order_date
    from fct_orders group by person_key
), firsts as (
    select person_key, order_key, geography_key, channel_key from fct_orders where is_first_order
)
select person_key, coalesce(a.match_method, 'order') as match_method, coalesce(a.account_count, 0) as account_count,
    coalesce(a.accepts_marketing, false) as accepts_marketing, a.created_at,
    coalesce(o.order_count, 0) as order_count, coalesce(o.valid_order_count, 0) as valid_order_count,
    o.first_order_date, o.last_order_date, date_trunc('month', o.first_order_date) as cohort_month,
    coalesce(f.order_key, 0) as first_order_key, coalesce(f.geography_key, 0) as first_geography_key,
    coalesce(f.channel_key, key('unknown')) as first_channel_key
from accounts a
full join orders o using (person_key)
left join firsts f using (person_key)
""",
}

# A cancelled order has no refunds at this shop: its cancellation takes back all of it.
TAKEN_BACK = """
create table working.taken_back as
with items as (
    select refund_key, sum(refund_amount) as refund_amount from fct_refund_items group by refund_key
), events as (
    select 'refund' as event_kind, order_key, refund_key, line_number, product_key, 0 as seller_key, customer_key,
        person_key, store_key, geography_key, channel_key, order_date, refunded_date as event_date,
        -quantity as quantity, -refund_amount as return_amount, 0 as cancellation_amount, 0 as shipping_amount,
        0 as tax_amount, 0 as other_amount
    from fct_refund_items where is_sale
    union all
    select 'refund', r.order_key, r.refund_key, null, 0, 0, r.customer_key, r.person_key, r.store_key, r.geography_key,
        r.channel_key, r.order_date, r.refunded_date, 0, coalesce(i.refund_amount, 0) - r.product_amount, 0,
        -r.shipping_amount, -r.tax_amount, -r.other_amount
    from fct_refunds r left join items i using (refund_key)
    where r.is_sale and (r.product_amount <> coalesce(i.refund_amount, 0) or r.shipping_amount <> 0
        or r.tax_amount <> 0 or r.other_amount <> 0)
    union all
    select 'cancellation', i.order_key, 0, i.line_number, i.product_key, i.seller_key, i.customer_key, i.person_key,
        i.store_key, i.geography_key, i.channel_key, i.order_date, o.cancelled_date, -i.quantity, 0, -i.net_amount,
        -i.shipping_amount, -i.tax_amount, 0
    from fct_order_items i join order_headers o using (order_key)
    where i.is_sale and i.is_cancelled
)
select * replace (quantity::decimal(18,4) as quantity, return_amount::decimal(18,4) as return_amount,
    cancellation_amount::decimal(18,4) as cancellation_amount, shipping_amount::decimal(18,4) as shipping_amount,
    tax_amount::decimal(18,4) as tax_amount, other_amount::decimal(18,4) as other_amount)
from events
"""

AMOUNTS = (
    "gross_amount",
    "discount_amount",
    "return_amount",
    "cancellation_amount",
    "shipping_amount",
    "tax_amount",
    "other_amount",
    "net_sales_amount",
    "total_sales_amount",
)
VIEWS: dict[str, str] = {
    "fct_sales_ledger": f"""
create view fct_sales_ledger as
with events as (
    select 'sale' as event_kind, order_key, 0::bigint as refund_key, line_number, product_key, seller_key, customer_key,
        person_key, store_key, geography_key, channel_key, order_date, order_date as event_date, quantity,
        gross_amount, (-discount_amount)::decimal(18,4) as discount_amount, 0::decimal(18,4) as return_amount,
        0::decimal(18,4) as cancellation_amount, shipping_amount, tax_amount, 0::decimal(18,4) as other_amount
    from fct_order_items where is_sale
    union all by name
    select *, 0::decimal(18,4) as gross_amount, 0::decimal(18,4) as discount_amount from working.taken_back
), summed as (
    select *, (gross_amount + discount_amount + return_amount + cancellation_amount)::decimal(18,4)
            as net_sales_amount,
        (gross_amount + discount_amount + return_amount + cancellation_amount + shipping_amount + tax_amount
            + other_amount)::decimal(18,4) as total_sales_amount
    from events
)
select event_kind, order_key, refund_key, line_number, product_key, seller_key, customer_key, person_key, store_key,
    geography_key, channel_key, order_date, event_date, 'USD' as currency_code, quantity,
    {", ".join(AMOUNTS)},
    {", ".join(f"{amount} as {amount}_reporting" for amount in AMOUNTS)}
from summed
""",
    "fct_goods_costs": """
create view fct_goods_costs as
with events as (
    select 'sale' as event_kind, order_key, line_number, 0::bigint as refund_item_key, product_key,
        order_date as event_date, coalesce(cost_amount, 0) as cost_amount,
        case when cost_amount is null and not is_cancelled then net_amount else 0 end as uncosted_amount
    from fct_order_items where is_sale
    union all
    select 'cancellation', i.order_key, i.line_number, 0, i.product_key, o.cancelled_date, -i.cost_amount, 0
    from fct_order_items i join order_headers o using (order_key)
    where i.is_sale and i.is_cancelled and i.cost_amount is not null
    union all
    select 'restock', i.order_key, i.line_number, r.refund_item_key, i.product_key, r.refunded_date,
        -round(i.cost_amount * r.quantity / i.quantity, 4)::decimal(18,4), 0
    from fct_refund_items r join fct_order_items i using (order_key, line_number)
    where r.is_sale and r.is_restocked and not r.is_cancelled and i.is_sale and i.cost_amount is not null
)
select event_kind, order_key, line_number, refund_item_key, product_key, event_date,
    cost_amount::decimal(18,4) as cost_amount, uncosted_amount::decimal(18,4) as uncosted_amount,
    'USD' as currency_code, cost_amount::decimal(18,4) as cost_amount_reporting,
    uncosted_amount::decimal(18,4) as uncosted_amount_reporting
from events
""",
    # What was true when a line was sold: of products with several versions, the version of that moment.
    "fct_order_items_as_sold": """
create view fct_order_items_as_sold as
select i.order_key, i.line_number, i.product_key, coalesce(v.product_version_key, i.product_key) as product_version_key,
    case when v.product_key is null then p.category_key else v.category_key end as category_key,
    case when v.product_key is null then p.list_price else v.list_price end as list_price, i.customer_key, i.store_key,
    i.channel_key, i.is_sale, i.is_cancelled, i.ordered_at, i.order_date, i.currency_code, i.exchange_rate, i.quantity,
    i.unit_price, i.gross_amount, i.discount_amount, i.net_amount, i.cost_amount, i.margin_amount,
    i.gross_amount as gross_amount_reporting, i.discount_amount as discount_amount_reporting
from fct_order_items i
left join dim_product p using (product_key)
left join product_versions v on i.product_key = v.product_key and i.ordered_at >= v.valid_from
    and i.ordered_at < v.valid_to
""",
}
