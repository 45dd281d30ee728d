"""Olist's orders as messages of the platform olist_stream: what a shop's software would have sent as it happened.

One message for each step of an order's life whose time is known, and one for a status that has none (invoiced,
processing, unavailable, canceled), told with the last step. Each carries the order as it is after the step.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import ConfigError

if TYPE_CHECKING:
    import duckdb

__all__ = ["order_events"]

_TABLES = {
    "orders": "*olist_orders_dataset*",
    "items": "*olist_order_items_dataset*",
    "payments": "*olist_order_payments_dataset*",
    "reviews": "*olist_order_reviews_dataset*",
    "customers": "*olist_customers_dataset*",
    "products": "*olist_products_dataset*",
    "sellers": "*olist_sellers_dataset*",
    "categories": "*product_category_name_translation*",
}

# Every step of an order's life: what it is called, when it was, the order's status after it, and its times until then.
_STEPS = """
    select *, 1 as step, 'order_created' as event_type, order_purchase_timestamp as occurred_at, 'created' as status
    from orders
    union all
    select *, 2, 'order_approved', order_approved_at, 'approved' from orders where order_approved_at is not null
    union all
    select *, 3, 'order_shipped', order_delivered_carrier_date, 'shipped' from orders
    where order_delivered_carrier_date is not null
    union all
    select *, 4, 'order_delivered', order_delivered_customer_date, 'delivered' from orders
    where order_delivered_customer_date is not null
"""


def order_events(db: duckdb.DuckDBPyConnection, folder: Path) -> duckdb.DuckDBPyRelation:
    """The events of the order files in `folder`: occurred_at (local time), key and value (text), in event time.

    Raises ConfigError when a file of Olist's download is missing.
    """
    for name, pattern in _TABLES.items():
        found = sorted(folder.glob(pattern))
        if not found:
            raise ConfigError(f"{folder} has no file {pattern}", hint="name the folder of Olist's download")
        db.execute(
            f"create or replace temp table {name} as select * from read_csv($1, all_varchar = true)", [str(found[0])]
        )
    db.execute(
        """
        create or replace temp table lines as
        select order_id, list({
            order_item_id: cast(order_item_id as integer), product_id: product_id, seller_id: seller_id,
            shipping_limit_date: shipping_limit_date, price: price, freight_value: freight_value,
            product: {
                product_category_name: product_category_name,
                product_category_name_english: product_category_name_english,
                product_weight_g: product_weight_g
            },
            seller: {
                seller_zip_code_prefix: seller_zip_code_prefix, seller_city: seller_city, seller_state: seller_state
            }
        } order by cast(order_item_id as integer)) as items
        from items
        left join products using (product_id)
        left join categories using (product_category_name)
        left join sellers using (seller_id)
        group by order_id
        """
    )
    db.execute(
        """
        create or replace temp table paid as
        select order_id, list({
            payment_sequential: cast(payment_sequential as integer), payment_type: payment_type,
            payment_installments: cast(payment_installments as integer), payment_value: payment_value
        } order by cast(payment_sequential as integer)) as payments
        from payments group by order_id
        """
    )
    db.execute(
        """
        create or replace temp table reviewed as
        select order_id, max(review_answer_timestamp) as reviewed_at, list({
            review_id: review_id, review_score: cast(review_score as integer),
            review_comment_title: review_comment_title, review_comment_message: review_comment_message,
            review_creation_date: review_creation_date, review_answer_timestamp: review_answer_timestamp
        } order by review_creation_date, review_id) as reviews
        from reviews group by order_id
        """
    )
    # the last step tells the order's own status and all of its times, though they are not in the order of the steps
    return db.sql(
        f"""
        with known as ({_STEPS}),
        steps as (
            select * from known
            union all
            select orders.*, 5, 'order_reviewed', reviewed.reviewed_at, orders.order_status
            from orders join reviewed using (order_id)
        ),
        ordered as (
            select
                *,
                row_number() over life as number,
                row_number() over life = count(*) over (partition by order_id) as is_last,
                step in (2, 3, 4, 5) or count(*) over (partition by order_id) = 1 as is_paid
            from steps
            window life as (partition by order_id order by occurred_at, step)
        )
        select
            occurred_at,
            order_id as key,
            to_json({{
                event_id: order_id || '-' || number,
                event_type: event_type,
                occurred_at: occurred_at,
                order_id: order_id,
                customer_id: customer_id,
                order_status: case when is_last then order_status else status end,
                order_purchase_timestamp: order_purchase_timestamp,
                order_approved_at:
                    case when is_last or order_approved_at <= occurred_at then order_approved_at end,
                order_delivered_carrier_date:
                    case when is_last or order_delivered_carrier_date <= occurred_at
                        then order_delivered_carrier_date end,
                order_delivered_customer_date:
                    case when is_last or order_delivered_customer_date <= occurred_at
                        then order_delivered_customer_date end,
                order_estimated_delivery_date: order_estimated_delivery_date,
                customer: {{
                    customer_unique_id: customer_unique_id, customer_zip_code_prefix: customer_zip_code_prefix,
                    customer_city: customer_city, customer_state: customer_state
                }},
                items: items,
                payments: case when is_paid or is_last then payments end,
                reviews: case when is_last or event_type = 'order_reviewed' then reviews end
            }})::varchar as value
        from ordered
        left join customers using (customer_id)
        left join lines using (order_id)
        left join paid using (order_id)
        left join reviewed using (order_id)
        order by occurred_at, order_id, number
        """
    )
