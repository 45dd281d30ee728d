-- One row per month, product and location: what was there, what came, what was sold of it, and what is left.
with

days as (
    select
        {{ date_trunc_date('month', 'stock.inventory_date') }} as month_start_date,
        stock.product_key as product_key,
        stock.location_key as location_key,
        stock.inventory_date as inventory_date,
        stock.receipt_quantity as receipt_quantity,
        {{ stock_units_sold('stock') }} as sold_quantity,
        stock.return_quantity as return_quantity,
        stock.waste_quantity as waste_quantity,
        stock.transfer_quantity + stock.adjustment_quantity + stock.count_difference_quantity as other_quantity,
        stock.count_difference_quantity as count_difference_quantity,
        stock.sale_quantity as sale_quantity,
        stock.is_stock_out as is_stock_out
    from {{ ref('fct_inventory_daily') }} as stock
),

sums as (
    select
        month_start_date,
        product_key,
        location_key,
        min(inventory_date) as first_date,
        max(inventory_date) as last_date,
        cast(sum(receipt_quantity) as {{ type_money_sum() }}) as received_quantity,
        cast(sum(sold_quantity) as {{ type_money_sum() }}) as sold_quantity,
        cast(sum(return_quantity) as {{ type_money_sum() }}) as returned_quantity,
        cast(sum(waste_quantity) as {{ type_money_sum() }}) as waste_quantity,
        cast(sum(other_quantity + sold_quantity - sale_quantity) as {{ type_money_sum() }}) as other_quantity,
        cast(count(*) as integer) as day_count,
        cast(sum(case when is_stock_out then 1 else 0 end) as integer) as stock_out_day_count
    from days
    group by
        month_start_date,
        product_key,
        location_key
),

-- What the month begins and ends with is on its first and its last day.
months as (
    select
        sums.month_start_date as month_start_date,
        sums.product_key as product_key,
        sums.location_key as location_key,
        cast(first_days.opening_quantity as {{ type_money_sum() }}) as opening_quantity,
        sums.received_quantity as received_quantity,
        sums.sold_quantity as sold_quantity,
        sums.returned_quantity as returned_quantity,
        sums.waste_quantity as waste_quantity,
        sums.other_quantity as other_quantity,
        cast(last_days.closing_quantity as {{ type_money_sum() }}) as ending_quantity,
        sums.day_count as day_count,
        sums.stock_out_day_count as stock_out_day_count
    from sums
    inner join {{ ref('fct_inventory_daily') }} as first_days
        on sums.product_key = first_days.product_key
        and sums.location_key = first_days.location_key
        and sums.first_date = first_days.inventory_date
    inner join {{ ref('fct_inventory_daily') }} as last_days
        on sums.product_key = last_days.product_key
        and sums.location_key = last_days.location_key
        and sums.last_date = last_days.inventory_date
),

products as (
    select
        product_key,
        product_id,
        product_name
    from {{ ref('dim_product') }}
),

locations as (
    select
        location_key,
        location_name
    from {{ ref('dim_location') }}
)

select
    months.month_start_date as month_start_date,
    months.product_key as product_key,
    products.product_id as product_id,
    products.product_name as product_name,
    months.location_key as location_key,
    locations.location_name as location_name,
    months.opening_quantity as opening_quantity,
    months.received_quantity as received_quantity,
    months.sold_quantity as sold_quantity,
    months.returned_quantity as returned_quantity,
    months.waste_quantity as waste_quantity,
    months.other_quantity as other_quantity,
    months.ending_quantity as ending_quantity,
    months.day_count as day_count,
    months.stock_out_day_count as stock_out_day_count,
    {{ ratio('months.sold_quantity', 'months.sold_quantity + case when months.ending_quantity > 0 then months.ending_quantity else 0 end') }} as sell_through_rate,
    {{ ratio('months.sold_quantity', 'months.received_quantity') }} as sold_of_received_rate
from months
inner join products
    on months.product_key = products.product_key
inner join locations
    on months.location_key = locations.location_key
