-- One row per month of the order, state and carrier, every parcel counted once. Late is by local days: delivered after the promised day.
-- What an order charged for shipping and what its goods cost count once, with its first parcel.
with

parcels as (
    select
        shipment_key,
        order_key,
        geography_key,
        carrier,
        order_date,
        shipped_date,
        promised_delivery_date,
        delivered_date,
        days_to_ship,
        days_to_deliver,
        days_late,
        is_late,
        {{ in_reporting('cost_amount') }} as cost_amount
    from {{ ref('fct_shipments') }}
),

orders as (
    select
        order_key,
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

ranked as (
    select
        case
            when row_number() over (
                    partition by parcels.order_key
                    order by parcels.shipped_date nulls last, parcels.shipment_key
                ) = 1
                then parcels.order_key
        end as first_order_key,
        parcels.geography_key as geography_key,
        parcels.carrier as carrier,
        {{ date_trunc_date('month', 'parcels.order_date') }} as month_start_date,
        parcels.shipped_date as shipped_date,
        parcels.promised_delivery_date as promised_delivery_date,
        parcels.delivered_date as delivered_date,
        parcels.days_to_ship as days_to_ship,
        parcels.days_to_deliver as days_to_deliver,
        parcels.days_late as days_late,
        parcels.is_late as is_late,
        parcels.cost_amount as cost_amount
    from parcels
),

summed as (
    select
        ranked.month_start_date as month_start_date,
        coalesce(places.country_code, 'unknown') as country_code,
        coalesce(places.state_code, 'unknown') as state_code,
        ranked.carrier as carrier,
        cast(count(*) as bigint) as parcel_count,
        cast(count(orders.order_key) as bigint) as order_count,
        cast(count(ranked.shipped_date) as bigint) as shipped_count,
        cast(count(ranked.delivered_date) as bigint) as delivered_count,
        cast(count(ranked.is_late) as bigint) as promised_delivered_count,
        {{ sum_count('case when not ranked.is_late then 1 else 0 end') }} as on_time_count,
        {{ sum_count('case when ranked.is_late then 1 else 0 end') }} as late_count,
        avg(cast(ranked.days_to_ship as double precision)) as average_days_to_ship,
        avg(cast(ranked.days_to_deliver as double precision)) as average_days_to_deliver,
        avg(cast(ranked.days_late as double precision)) as average_days_late,
        avg(cast(abs(ranked.days_late) as double precision)) as average_promise_error_days,
        {{ sum_count('case when abs(ranked.days_late) <= 1 then 1 else 0 end') }} as accurate_count,
        {{ sum_money('coalesce(orders.net_amount, 0)') }} as net_amount,
        {{ sum_money('coalesce(orders.shipping_amount, 0)') }} as shipping_amount,
        {{ sum_money('ranked.cost_amount') }} as shipping_cost_amount
    from ranked
    left join orders
        on ranked.first_order_key = orders.order_key
    left join places
        on ranked.geography_key = places.geography_key
    group by
        ranked.month_start_date,
        coalesce(places.country_code, 'unknown'),
        coalesce(places.state_code, 'unknown'),
        ranked.carrier
),

final as (
    select
        summed.month_start_date as month_start_date,
        summed.country_code as country_code,
        summed.state_code as state_code,
        coalesce(regions.state, summed.state_code) as state,
        summed.carrier as carrier,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        summed.parcel_count as parcel_count,
        summed.order_count as order_count,
        summed.shipped_count as shipped_count,
        summed.delivered_count as delivered_count,
        summed.on_time_count as on_time_count,
        summed.late_count as late_count,
        {{ ratio('summed.late_count', 'summed.promised_delivered_count') }} as late_rate,
        summed.average_days_to_ship as average_days_to_ship,
        summed.average_days_to_deliver as average_days_to_deliver,
        summed.average_days_late as average_days_late,
        summed.average_promise_error_days as average_promise_error_days,
        {{ ratio('summed.accurate_count', 'summed.promised_delivered_count') }} as promise_accuracy_rate,
        summed.net_amount as net_amount,
        summed.shipping_amount as shipping_amount,
        summed.shipping_cost_amount as shipping_cost_amount,
        {{ ratio('summed.shipping_amount', 'summed.net_amount') }} as freight_rate
    from summed
    left join regions
        on summed.country_code = regions.country_code
        and summed.state_code = regions.state_code
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
