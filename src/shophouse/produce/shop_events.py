"""What happened to the orders of a published shop, as events of the platform `order_events`.

Amounts are texts with all of their digits, times are UTC. The ids of events follow from those of orders, so that the
same shop gives the same events. What such events can't tell is left out: duties, tips and fees of orders, and refunds
of orders that the shop doesn't know.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import ConfigError

if TYPE_CHECKING:
    import duckdb

__all__ = ["shop_events"]


def shop_events(folder: Path, source: str | None = None) -> duckdb.DuckDBPyRelation:
    """The events of a shop's source, or of its only one that has orders: occurred_at, key and value, in their order.

    Raises ConfigError when several have orders and none is named, or none has, BuildError when nothing is published.
    """
    from shophouse.shop import Shop

    shop = Shop.open(folder)
    known = [row[0] for row in shop.sql("select distinct source from core.fct_orders order by 1").fetchall()]
    told = f"orders are of {', '.join(known)}" if known else "no order is published"
    if source is None and len(known) != 1:
        hint = "--source NAME" if known else "shophouse run"
        raise ConfigError(f"{shop.project.name}: whose orders are to be sent?", why=told, hint=hint)
    if source is not None and source not in known:
        raise ConfigError(f"{shop.project.name}: the source {source} has no orders", why=told)
    return shop.sql(f"select occurred_at, key, value from ({_EVENTS})", [source or known[0]])


# A payment comes with the step that it belongs to, where the order came so far, else with its creation. Money goes back
# with a refund or the cancellation, and never before it was taken.
_EVENTS = """
with

orders as (
    select *
    from core.fct_orders
    where source = ? and ordered_at is not null
),

lines as (
    select
        lines.order_key,
        bool_or(lines.gross_amount <> round(lines.quantity * lines.unit_price, 4)) as taxes_included,
        cast(sum(coalesce(lines.allocated_discount_amount, 0)) as decimal(18, 4)) as discount_amount,
        cast(sum(coalesce(lines.allocated_tax_amount, 0)) as decimal(18, 4)) as shipping_tax_amount,
        list({
            'line_number': lines.line_number,
            'product_id': lines.product_id,
            'quantity': cast(lines.quantity as varchar),
            'unit_price': cast(lines.unit_price as varchar),
            'discount_amount': cast(lines.discount_amount - coalesce(lines.allocated_discount_amount, 0) as varchar),
            'tax_amount': cast(lines.tax_amount - coalesce(lines.allocated_tax_amount, 0) as varchar),
            'unit_cost': cast(cast(lines.cost_amount / nullif(lines.quantity, 0) as decimal(18, 4)) as varchar),
            'seller_id': lines.seller_id,
            'product_name': products.product_name,
            'is_gift_card': lines.is_gift_card
        } order by lines.line_number) as items
    from core.fct_order_items as lines
    left join core.dim_product as products
        on lines.product_key = products.product_key
    group by lines.order_key
),

refunds as (
    select
        refunds.order_key,
        refunds.refund_id,
        refunds.refunded_at,
        {
            'refund_id': refunds.refund_id,
            'amount': cast(refunds.refund_amount as varchar),
            'product_amount': cast(refunds.product_amount as varchar),
            'tax_amount': cast(refunds.tax_amount as varchar),
            'shipping_amount': cast(refunds.shipping_amount as varchar),
            'reason': refunds.refund_reason
        } as refund,
        items.refund_items
    from core.fct_refunds as refunds
    inner join orders
        on refunds.order_key = orders.order_key
    left join (
        select
            refund_key,
            list({
                'line_number': line_number,
                'product_id': product_id,
                'quantity': cast(quantity as varchar),
                'amount': cast(refund_amount as varchar),
                'is_restocked': is_restocked
            } order by refund_item_id) as refund_items
        from core.fct_refund_items
        group by refund_key
    ) as items
        on refunds.refund_key = items.refund_key
    where refunds.refunded_at is not null
),

steps as (
    select order_key, 0 as step, 'order_created' as event_type, ordered_at as occurred_at, '' as refund_id from orders
    union all
    select order_key, 1, 'order_paid', paid_at, '' from orders where paid_at is not null
    union all
    select order_key, 2, 'order_shipped', shipped_at, '' from orders where shipped_at is not null
    union all
    select order_key, 3, 'order_delivered', delivered_at, '' from orders where delivered_at is not null
    union all
    select order_key, 4, 'order_cancelled', coalesce(cancelled_at, ordered_at), '' from orders where is_cancelled
    union all
    select order_key, 5, 'order_refunded', refunded_at, refund_id from refunds
),

reached as (
    select order_key, list(distinct step) as steps, coalesce(min(nullif(refund_id, '')), '') as refund_id
    from steps
    group by order_key
),

payments as (
    select
        payments.order_key,
        coalesce(list_filter(
            case payments.payment_kind when 'refund' then [5, 4, 1] when 'void' then [4]
                when 'authorization' then [0] else [1] end,
            lambda wanted: list_contains(reached.steps, wanted)
        )[1], 0) as step,
        case step when 5 then reached.refund_id else '' end as refund_id,
        list({
            'payment_id': payments.payment_id,
            'kind': payments.payment_kind,
            'status': payments.payment_status,
            'method': payments.payment_method,
            'installments': payments.installment_count,
            'amount': cast(payments.payment_amount as varchar),
            'fee_amount': cast(payments.fee_amount as varchar),
            'paid_at': cast(payments.paid_at as varchar)
        } order by payments.paid_at, payments.payment_id) as payments
    from core.fct_payments as payments
    inner join reached
        on payments.order_key = reached.order_key
    group by all
)

select
    steps.occurred_at,
    orders.order_id as key,
    orders.order_id || '-' || steps.event_type
        || case when steps.refund_id <> '' then '-' || steps.refund_id else '' end as event_id,
    to_json({
        'event_id': event_id,
        'event_type': steps.event_type,
        'occurred_at': cast(steps.occurred_at as varchar),
        'order_id': orders.order_id,
        'customer_id': case when steps.step = 0 then orders.customer_id end,
        'store_id': case when steps.step = 0 then orders.store_id end,
        'store_name': case when steps.step = 0 and orders.store_id is not null then stores.store_name end,
        'store_timezone': case when steps.step = 0 and orders.store_id is not null then stores.timezone end,
        'channel': case when steps.step = 0 then orders.channel end,
        'currency': case when steps.step = 0 then orders.currency_code end,
        'taxes_included': case when steps.step = 0 then coalesce(lines.taxes_included, false) end,
        'is_test': case when steps.step = 0 then coalesce(orders.invalid_reason = 'test', false) end,
        'promised_delivery_at': case when steps.step = 0 then cast(orders.promised_delivery_at as varchar) end,
        'discount_code': case when steps.step = 0 then orders.discount_code end,
        'discount_amount': case when steps.step = 0 then cast(lines.discount_amount as varchar) end,
        'shipping_amount': case when steps.step = 0 then cast(orders.shipping_amount as varchar) end,
        'shipping_tax_amount': case when steps.step = 0 then cast(lines.shipping_tax_amount as varchar) end,
        'total_amount': case when steps.step = 0 then cast(orders.control_total_amount as varchar) end,
        'items': case when steps.step = 0 then lines.items end,
        'payments': payments.payments,
        'refund': refunds.refund,
        'refund_items': refunds.refund_items
    }) as value
from steps
inner join orders
    on steps.order_key = orders.order_key
left join lines
    on steps.order_key = lines.order_key
left join core.dim_store as stores
    on orders.store_key = stores.store_key
left join payments
    on steps.order_key = payments.order_key
    and steps.step = payments.step
    and steps.refund_id = payments.refund_id
left join refunds
    on steps.step = 5
    and steps.order_key = refunds.order_key
    and steps.refund_id = refunds.refund_id
order by steps.occurred_at, orders.order_id, steps.step, event_id
"""
