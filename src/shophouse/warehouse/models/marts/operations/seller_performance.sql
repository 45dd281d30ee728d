-- One row per month and seller of a market place, 'unknown' for goods without one. Amounts by the day on which money moved (the event book).
-- Orders, parcels and reviews count in the month of the order, once for each seller with goods in a valid order; null for the unknown seller.
with

ledger as (
    select
        seller_key,
        order_date,
        quantity,
        gross_amount_reporting as gross_amount,
        discount_amount_reporting as discount_amount,
        shipping_amount_reporting as shipping_amount
    from {{ ref('fct_sales_ledger') }}
    where event_kind in ('sale', 'charge')
),

taken_back as (
    select
        seller_key,
        event_date,
        quantity,
        return_amount,
        cancellation_amount,
        shipping_amount
    from {{ ref('taken_back') }}
),

lines as (
    select
        order_key,
        seller_key,
        order_date
    from {{ ref('fct_order_items') }}
    where is_sale
        and not is_cancelled
        and seller_key <> {{ unknown_key() }}
),

parcels as (
    select
        order_key,
        days_to_ship,
        days_to_deliver,
        is_late
    from {{ ref('fct_shipments') }}
),

reviews as (
    select
        order_key,
        review_score
    from {{ ref('fct_reviews') }}
),

sellers as (
    select
        seller_key,
        seller_id,
        seller_name
    from {{ ref('dim_seller') }}
),

stacked as (
    select
        {{ date_trunc_date('month', 'ledger.order_date') }} as month_start_date,
        ledger.seller_key as seller_key,
        cast(sum(ledger.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('ledger.gross_amount') }} as gross_amount,
        {{ sum_money('-ledger.discount_amount') }} as discount_amount,
        {{- zeros(['return_amount', 'cancellation_amount']) }},
        {{ sum_money('ledger.shipping_amount') }} as shipping_amount
    from ledger
    group by
        {{ date_trunc_date('month', 'ledger.order_date') }},
        ledger.seller_key
    union all
    select
        {{ date_trunc_date('month', 'taken_back.event_date') }} as month_start_date,
        taken_back.seller_key as seller_key,
        cast(sum(taken_back.quantity) as {{ type_money_sum() }}) as quantity,
        {{- zeros(['gross_amount', 'discount_amount']) }},
        {{ sum_money('-taken_back.return_amount') }} as return_amount,
        {{ sum_money('-taken_back.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('taken_back.shipping_amount') }} as shipping_amount
    from taken_back
    group by
        {{ date_trunc_date('month', 'taken_back.event_date') }},
        taken_back.seller_key
),

sold as (
    select
        stacked.month_start_date as month_start_date,
        stacked.seller_key as seller_key,
        cast(sum(stacked.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('stacked.gross_amount') }} as gross_amount,
        {{ sum_money('stacked.discount_amount') }} as discount_amount,
        {{ sum_money('stacked.return_amount') }} as return_amount,
        {{ sum_money('stacked.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('stacked.gross_amount - stacked.discount_amount - stacked.return_amount - stacked.cancellation_amount') }} as net_sales_amount,
        {{ sum_money('stacked.shipping_amount') }} as shipping_amount
    from stacked
    group by
        stacked.month_start_date,
        stacked.seller_key
),

seller_orders as (
    select
        lines.order_key as order_key,
        lines.seller_key as seller_key,
        {{ date_trunc_date('month', 'min(lines.order_date)') }} as month_start_date
    from lines
    group by
        lines.order_key,
        lines.seller_key
),

ordered as (
    select
        seller_orders.month_start_date as month_start_date,
        seller_orders.seller_key as seller_key,
        cast(count(*) as bigint) as order_count
    from seller_orders
    group by
        seller_orders.month_start_date,
        seller_orders.seller_key
),

sent as (
    select
        seller_orders.month_start_date as month_start_date,
        seller_orders.seller_key as seller_key,
        cast(count(*) as bigint) as parcel_count,
        cast(count(parcels.is_late) as bigint) as promised_delivered_count,
        {{ sum_count('case when parcels.is_late then 1 else 0 end') }} as late_count,
        avg(cast(parcels.days_to_ship as double precision)) as average_days_to_ship,
        avg(cast(parcels.days_to_deliver as double precision)) as average_days_to_deliver
    from seller_orders
    inner join parcels
        on seller_orders.order_key = parcels.order_key
    group by
        seller_orders.month_start_date,
        seller_orders.seller_key
),

reviewed as (
    select
        seller_orders.month_start_date as month_start_date,
        seller_orders.seller_key as seller_key,
        cast(count(*) as bigint) as review_count,
        avg(cast(reviews.review_score as double precision)) as average_review_score
    from seller_orders
    inner join reviews
        on seller_orders.order_key = reviews.order_key
    group by
        seller_orders.month_start_date,
        seller_orders.seller_key
),

final as (
    select
        sold.month_start_date as month_start_date,
        sold.seller_key as seller_key,
        coalesce(sellers.seller_name, sellers.seller_id, 'unknown') as seller_name,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        case when sold.seller_key <> {{ unknown_key() }} then coalesce(ordered.order_count, 0) end as order_count,
        sold.quantity as quantity,
        sold.gross_amount as gross_amount,
        sold.discount_amount as discount_amount,
        sold.return_amount as return_amount,
        sold.cancellation_amount as cancellation_amount,
        sold.net_sales_amount as net_sales_amount,
        sold.shipping_amount as shipping_amount,
        {{ money_per('sold.net_sales_amount', 'ordered.order_count') }} as average_order_amount,
        {{ ratio('sold.shipping_amount', 'sold.net_sales_amount') }} as freight_rate,
        case when sold.seller_key <> {{ unknown_key() }} then coalesce(sent.parcel_count, 0) end as parcel_count,
        case when sold.seller_key <> {{ unknown_key() }} then coalesce(sent.late_count, 0) end as late_count,
        {{ ratio('sent.late_count', 'sent.promised_delivered_count') }} as late_rate,
        sent.average_days_to_ship as average_days_to_ship,
        sent.average_days_to_deliver as average_days_to_deliver,
        case when sold.seller_key <> {{ unknown_key() }} then coalesce(reviewed.review_count, 0) end as review_count,
        reviewed.average_review_score as average_review_score
    from sold
    left join ordered
        on sold.month_start_date = ordered.month_start_date
        and sold.seller_key = ordered.seller_key
    left join sent
        on sold.month_start_date = sent.month_start_date
        and sold.seller_key = sent.seller_key
    left join reviewed
        on sold.month_start_date = reviewed.month_start_date
        and sold.seller_key = reviewed.seller_key
    left join sellers
        on sold.seller_key = sellers.seller_key
)

select
    month_start_date,
    seller_key,
    seller_name,
    currency_code,
    order_count,
    quantity,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    shipping_amount,
    average_order_amount,
    freight_rate,
    parcel_count,
    late_count,
    late_rate,
    average_days_to_ship,
    average_days_to_deliver,
    review_count,
    average_review_score
from final
