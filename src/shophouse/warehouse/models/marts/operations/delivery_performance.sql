-- One row per month of the order, state and carrier, every parcel counted once. Late is by local days: delivered after the promised day.
-- What an order charged for shipping and what its goods cost count once, with its first parcel.
with

parcels as (
    select
        geography_key,
        carrier,
        order_date,
        shipped_date,
        delivered_date,
        days_to_ship,
        days_to_deliver,
        days_late,
        is_late,
        {{ in_reporting('cost_amount') }} as cost_amount
    from {{ ref('fct_shipments') }}
),

-- Apart, and with no more than tells which is first: all rows are sorted by order.
ranked as (
    select
        order_key,
        carrier,
        row_number() over (partition by order_key order by shipped_date nulls last, shipment_key) as parcel_number
    from {{ ref('fct_shipments') }}
),

orders as (
    select
        order_key,
        geography_key,
        order_date,
        net_amount_reporting as net_amount,
        shipping_amount_reporting as shipping_amount
    from {{ ref('fct_orders') }}
),

places as (
    select
        geography_key,
        {{ region_code('country_code', 'country') }} as country_code,
        {{ region_code('state_code', 'state') }} as state_code
    from {{ ref('dim_geography') }}
),

regions as (
    select
        country_code,
        state_code,
        state
    from {{ ref('regions') }}
),

sent as (
    select
        {{ date_trunc_date('month', 'parcels.order_date') }} as month_start_date,
        coalesce(places.country_code, 'unknown') as country_code,
        coalesce(places.state_code, 'unknown') as state_code,
        parcels.carrier as carrier,
        cast(count(*) as bigint) as parcel_count,
        cast(count(parcels.shipped_date) as bigint) as shipped_count,
        cast(count(parcels.delivered_date) as bigint) as delivered_count,
        cast(count(parcels.is_late) as bigint) as promised_delivered_count,
        {{ sum_count('case when not parcels.is_late then 1 else 0 end') }} as on_time_count,
        {{ sum_count('case when parcels.is_late then 1 else 0 end') }} as late_count,
        avg(cast(parcels.days_to_ship as double precision)) as average_days_to_ship,
        avg(cast(parcels.days_to_deliver as double precision)) as average_days_to_deliver,
        avg(cast(parcels.days_late as double precision)) as average_days_late,
        avg(cast(abs(parcels.days_late) as double precision)) as average_promise_error_days,
        {{ sum_count('case when abs(parcels.days_late) <= 1 then 1 else 0 end') }} as accurate_count,
        {{ sum_money('parcels.cost_amount') }} as shipping_cost_amount
    from parcels
    left join places
        on parcels.geography_key = places.geography_key
    group by
        {{ date_trunc_date('month', 'parcels.order_date') }},
        coalesce(places.country_code, 'unknown'),
        coalesce(places.state_code, 'unknown'),
        parcels.carrier
),

charged as (
    select
        {{ date_trunc_date('month', 'orders.order_date') }} as month_start_date,
        coalesce(places.country_code, 'unknown') as country_code,
        coalesce(places.state_code, 'unknown') as state_code,
        ranked.carrier as carrier,
        cast(count(*) as bigint) as order_count,
        {{ sum_money('orders.net_amount') }} as net_amount,
        {{ sum_money('orders.shipping_amount') }} as shipping_amount
    from orders
    inner join ranked
        on orders.order_key = ranked.order_key
    left join places
        on orders.geography_key = places.geography_key
    where ranked.parcel_number = 1
    group by
        {{ date_trunc_date('month', 'orders.order_date') }},
        coalesce(places.country_code, 'unknown'),
        coalesce(places.state_code, 'unknown'),
        ranked.carrier
),

final as (
    select
        sent.month_start_date as month_start_date,
        sent.country_code as country_code,
        sent.state_code as state_code,
        coalesce(regions.state, sent.state_code) as state,
        sent.carrier as carrier,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        sent.parcel_count as parcel_count,
        coalesce(charged.order_count, 0) as order_count,
        sent.shipped_count as shipped_count,
        sent.delivered_count as delivered_count,
        sent.on_time_count as on_time_count,
        sent.late_count as late_count,
        {{ ratio('sent.late_count', 'sent.promised_delivered_count') }} as late_rate,
        sent.average_days_to_ship as average_days_to_ship,
        sent.average_days_to_deliver as average_days_to_deliver,
        sent.average_days_late as average_days_late,
        sent.average_promise_error_days as average_promise_error_days,
        {{ ratio('sent.accurate_count', 'sent.promised_delivered_count') }} as promise_accuracy_rate,
        coalesce(charged.net_amount, 0) as net_amount,
        coalesce(charged.shipping_amount, 0) as shipping_amount,
        sent.shipping_cost_amount as shipping_cost_amount,
        {{ ratio('charged.shipping_amount', 'charged.net_amount') }} as freight_rate
    from sent
    left join charged
        on sent.month_start_date = charged.month_start_date
        and sent.country_code = charged.country_code
        and sent.state_code = charged.state_code
        and sent.carrier = charged.carrier
    left join regions
        on sent.country_code = regions.country_code
        and sent.state_code = regions.state_code
)

select
    month_start_date,
    country_code,
    state_code,
    state,
    carrier,
    currency_code,
    parcel_count,
    order_count,
    shipped_count,
    delivered_count,
    on_time_count,
    late_count,
    late_rate,
    average_days_to_ship,
    average_days_to_deliver,
    average_days_late,
    average_promise_error_days,
    promise_accuracy_rate,
    net_amount,
    shipping_amount,
    shipping_cost_amount,
    freight_rate
from final
