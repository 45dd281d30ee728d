-- One row per money event of the ledger that takes a sale back: a refunded line, the rest of a refund, a cancelled line or order. Amounts are in the
-- shop's currency and have the ledger's signs. The ledger joins to find these few rows; here it does so once for all who sum them.
with

ledger as (
    select
        event_kind,
        order_key,
        refund_key,
        product_key,
        seller_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        order_date,
        event_date,
        quantity,
        return_amount_reporting as return_amount,
        cancellation_amount_reporting as cancellation_amount,
        shipping_amount_reporting as shipping_amount,
        tax_amount_reporting as tax_amount,
        other_amount_reporting as other_amount
    from {{ ref('fct_sales_ledger') }}
    where event_kind not in ('sale', 'charge')
)

select
    event_kind,
    order_key,
    refund_key,
    product_key,
    seller_key,
    person_key,
    store_key,
    geography_key,
    channel_key,
    order_date,
    event_date,
    quantity,
    return_amount,
    cancellation_amount,
    shipping_amount,
    tax_amount,
    other_amount
from ledger
