-- One row per product and location, on the last day on which anything of the stock is known: what is there, how long it lasts, what to do, and what was missed.
-- Daily units are the mean over the last 28 days on which there was stock; days without any say nothing of demand.
with

days as (
    select
        stock.product_key as product_key,
        stock.location_key as location_key,
        stock.inventory_date as inventory_date,
        stock.closing_quantity as closing_quantity,
        stock.reserved_quantity as reserved_quantity,
        stock.incoming_quantity as incoming_quantity,
        stock.unit_cost as unit_cost,
        stock.stock_value_amount as stock_value_amount,
        stock.is_stock_out as is_stock_out,
        {{ stock_units_sold('stock') }} as sold_quantity,
        stock.opening_quantity > 0 or stock.closing_quantity > 0 or stock.receipt_quantity > 0 as has_stock
    from {{ ref('fct_inventory_daily') }} as stock
),

last_day as (
    select max(inventory_date) as as_of_date
    from days
),

ranked as (
    select
        days.product_key as product_key,
        days.location_key as location_key,
        days.sold_quantity as sold_quantity,
        row_number() over (
            partition by days.product_key, days.location_key
            order by days.inventory_date desc
        ) as day_rank
    from days
    where days.has_stock
),

demand as (
    select
        product_key,
        location_key,
        cast(count(*) as integer) as demand_day_count,
        cast(sum(sold_quantity) as {{ type_money_sum() }}) as demand_quantity,
        {{ ratio('sum(sold_quantity)', 'count(*)') }} as mean_daily_quantity,
        {{ ratio('sum(sold_quantity * sold_quantity) * count(*) - sum(sold_quantity) * sum(sold_quantity)', 'count(*) * (count(*) - 1)') }} as daily_variance
    from ranked
    where day_rank <= 28
    group by
        product_key,
        location_key
),

recent as (
    select
        days.product_key as product_key,
        days.location_key as location_key,
        max(case when days.sold_quantity > 0 then days.inventory_date end) as last_sale_date,
        min(days.inventory_date) as first_date,
        {{ sum_count(
            'case when days.is_stock_out and ' ~ days('days.inventory_date', 'last_day.as_of_date') ~ ' < 28 then 1 else 0 end'
        ) }} as stock_out_day_count,
        {{ ratio(
            'sum(case when days.is_stock_out and ' ~ days('days.inventory_date', 'last_day.as_of_date') ~ ' < 90 then 1 else 0 end)',
            'sum(case when ' ~ days('days.inventory_date', 'last_day.as_of_date') ~ ' < 90 then 1 else 0 end)'
        ) }} as stock_out_rate
    from days
    cross join last_day
    group by
        days.product_key,
        days.location_key
),

sales as (
    select
        product_key,
        {{ money_per('sum(net_sales_amount)', 'sum(quantity)') }} as unit_revenue_amount
    from {{ ref('product_sales_by_month') }}
    group by product_key
),

products as (
    select
        product_key,
        product_id,
        product_name,
        list_price{% if has_product_currencies() %},
        coalesce(currency_code, {{ shop_currency() }}) as currency_code{% endif %}
    from {{ ref('dim_product') }}
),
{% if has_product_currencies() %}
rates as (
    select
        rate_date,
        from_currency,
        rate
    from {{ ref('fct_exchange_rates_daily') }}
),
{% endif %}
locations as (
    select
        location_key,
        location_name
    from {{ ref('dim_location') }}
),

joined as (
    select
        days.product_key as product_key,
        products.product_id as product_id,
        products.product_name as product_name,
        days.location_key as location_key,
        locations.location_name as location_name,
        days.inventory_date as as_of_date,
        days.closing_quantity as on_hand_quantity,
        days.reserved_quantity as reserved_quantity,
        days.incoming_quantity as incoming_quantity,
        days.unit_cost as unit_cost,
        days.stock_value_amount as stock_value_amount,
        coalesce(demand.demand_day_count, 0) as demand_day_count,
        coalesce(demand.demand_quantity, 0) as demand_quantity,
        demand.mean_daily_quantity as mean_daily_quantity,
        sqrt(coalesce(case when demand.daily_variance > 0 then demand.daily_variance end, 0)) as daily_deviation,
        recent.last_sale_date as last_sale_date,
        {{ days('coalesce(recent.last_sale_date, recent.first_date)', 'days.inventory_date') }} as days_without_sale,
        recent.stock_out_day_count as stock_out_day_count,
        recent.stock_out_rate as stock_out_rate,
        coalesce(demand.mean_daily_quantity, 0) * recent.stock_out_day_count as lost_quantity,
        coalesce(
            sales.unit_revenue_amount,
            {{ product_in_reporting('products.list_price', 'products.currency_code', 'rates.rate') }},
            0
        ) as unit_revenue_amount
    from days
    inner join last_day
        on days.inventory_date = last_day.as_of_date
    inner join recent
        on days.product_key = recent.product_key
        and days.location_key = recent.location_key
    inner join products
        on days.product_key = products.product_key
    inner join locations
        on days.location_key = locations.location_key
    left join demand
        on days.product_key = demand.product_key
        and days.location_key = demand.location_key
    left join sales
        on days.product_key = sales.product_key
    {%- if has_product_currencies() %}
    left join rates
        on days.inventory_date = rates.rate_date
        and products.currency_code = rates.from_currency
    {%- endif %}
),

-- 1.645 deviations keep stock for 95 of 100 delivery times.
planned as (
    select
        joined.product_key as product_key,
        joined.product_id as product_id,
        joined.product_name as product_name,
        joined.location_key as location_key,
        joined.location_name as location_name,
        joined.as_of_date as as_of_date,
        joined.on_hand_quantity as on_hand_quantity,
        joined.reserved_quantity as reserved_quantity,
        joined.incoming_quantity as incoming_quantity,
        joined.unit_cost as unit_cost,
        joined.stock_value_amount as stock_value_amount,
        joined.demand_day_count as demand_day_count,
        joined.demand_quantity as demand_quantity,
        joined.mean_daily_quantity as mean_daily_quantity,
        joined.daily_deviation as daily_deviation,
        joined.last_sale_date as last_sale_date,
        joined.days_without_sale as days_without_sale,
        joined.stock_out_day_count as stock_out_day_count,
        joined.stock_out_rate as stock_out_rate,
        joined.lost_quantity as lost_quantity,
        case
            when joined.lost_quantity > 1.96 * sqrt(joined.lost_quantity) then joined.lost_quantity - 1.96 * sqrt(joined.lost_quantity)
            else 0
        end as lost_quantity_low,
        joined.lost_quantity + 1.96 * sqrt(joined.lost_quantity) as lost_quantity_high,
        joined.unit_revenue_amount as unit_revenue_amount,
        {{ ratio(
            'case when joined.on_hand_quantity > 0 then joined.on_hand_quantity else 0 end', 'joined.mean_daily_quantity'
        ) }} as days_of_cover,
        cast(
            ceil(
                coalesce(joined.mean_daily_quantity, 0) * {{ shop_setting('stock', 'lead_time_days') }}
                + 1.645 * joined.daily_deviation * sqrt(cast({{ shop_setting('stock', 'lead_time_days') }} as double precision))
            ) as {{ type_of('quantity') }}
        ) as reorder_point_quantity,
        cast(
            ceil(coalesce(joined.mean_daily_quantity, 0) * {{ shop_setting('stock', 'overstock_days') }}) as {{ type_of('quantity') }}
        ) as enough_quantity
    from joined
),

classed as (
    select
        planned.product_key as product_key,
        planned.location_key as location_key,
        case
            when planned.on_hand_quantity > 0 and planned.days_without_sale >= {{ shop_setting('stock', 'dead_after_days') }} then 'dead'
            when planned.on_hand_quantity <= 0 and planned.demand_quantity > 0 then 'stock-out'
            when planned.on_hand_quantity <= 0 then 'gone'
            when planned.demand_quantity > 0
                and planned.on_hand_quantity - planned.reserved_quantity + planned.incoming_quantity <= planned.reorder_point_quantity then 'reorder'
            when planned.demand_quantity > 0 and planned.on_hand_quantity > planned.enough_quantity then 'overstock'
            else 'healthy'
        end as stock_class
    from planned
)

select
    planned.product_key as product_key,
    planned.product_id as product_id,
    planned.product_name as product_name,
    planned.location_key as location_key,
    planned.location_name as location_name,
    planned.as_of_date as as_of_date,
    classed.stock_class as stock_class,
    planned.on_hand_quantity as on_hand_quantity,
    planned.reserved_quantity as reserved_quantity,
    planned.incoming_quantity as incoming_quantity,
    planned.unit_cost as unit_cost,
    planned.stock_value_amount as stock_value_amount,
    {{ shop_currency() }} as currency_code,
    planned.demand_day_count as demand_day_count,
    cast(planned.demand_quantity as {{ type_money_sum() }}) as demand_quantity,
    planned.mean_daily_quantity as mean_daily_quantity,
    planned.daily_deviation as daily_deviation,
    planned.days_of_cover as days_of_cover,
    planned.reorder_point_quantity as reorder_point_quantity,
    cast(
        case
            when classed.stock_class in ('reorder', 'stock-out')
                and planned.reorder_point_quantity + planned.reserved_quantity > planned.on_hand_quantity + planned.incoming_quantity
                then planned.reorder_point_quantity + planned.reserved_quantity - planned.on_hand_quantity - planned.incoming_quantity
            else 0
        end as {{ type_of('quantity') }}
    ) as to_order_quantity,
    cast(
        case
            when classed.stock_class = 'dead' then planned.on_hand_quantity
            when classed.stock_class = 'overstock' then planned.on_hand_quantity - planned.enough_quantity
            else 0
        end as {{ type_of('quantity') }}
    ) as excess_quantity,
    planned.last_sale_date as last_sale_date,
    planned.days_without_sale as days_without_sale,
    planned.stock_out_day_count as stock_out_day_count,
    planned.stock_out_rate as stock_out_rate,
    planned.lost_quantity as lost_quantity,
    planned.lost_quantity_low as lost_quantity_low,
    planned.lost_quantity_high as lost_quantity_high,
    cast(round(cast(planned.lost_quantity as {{ type_money() }}) * planned.unit_revenue_amount, 4) as {{ type_money_sum() }}) as lost_sales_amount,
    cast(round(cast(planned.lost_quantity_low as {{ type_money() }}) * planned.unit_revenue_amount, 4) as {{ type_money_sum() }}) as lost_sales_low_amount,
    cast(round(cast(planned.lost_quantity_high as {{ type_money() }}) * planned.unit_revenue_amount, 4) as {{ type_money_sum() }}) as lost_sales_high_amount
from planned
inner join classed
    on planned.product_key = classed.product_key
    and planned.location_key = classed.location_key
