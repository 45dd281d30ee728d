-- One row per product, location and day, from its first count or movement to the last day on which anything of the stock is known.
-- Where counts and movements differ, the count is right, and the difference is a column. What was there before the first count follows from that count.
with

movements as (
    select
        product_key,
        location_key,
        moved_date as inventory_date,
        min(source) as source,
        min(product_id) as product_id,
        min(location_id) as location_id,
        cast(sum(case when movement_kind = 'receipt' then quantity else 0 end) as {{ type_of('quantity') }}) as receipt_quantity,
        cast(sum(case when movement_kind = 'sale' then -quantity else 0 end) as {{ type_of('quantity') }}) as sale_quantity,
        cast(sum(case when movement_kind = 'return' then quantity else 0 end) as {{ type_of('quantity') }}) as return_quantity,
        cast(sum(case when movement_kind = 'transfer' then quantity else 0 end) as {{ type_of('quantity') }}) as transfer_quantity,
        cast(sum(case when movement_kind = 'adjustment' then quantity else 0 end) as {{ type_of('quantity') }}) as adjustment_quantity,
        cast(sum(case when movement_kind = 'waste' then -quantity else 0 end) as {{ type_of('quantity') }}) as waste_quantity,
        cast(sum(quantity) as {{ type_of('quantity') }}) as net_quantity
    from {{ ref('fct_inventory_movements') }}
    group by
        product_key,
        location_key,
        moved_date
),

counted as (
    select
        source,
        {{ source_of('source', 'products') }} as product_source,
        {{ source_of('source', 'locations') }} as location_source,
        product_id,
        location_id,
        snapshot_date,
        on_hand_quantity,
        reserved_quantity,
        incoming_quantity,
        unit_cost
    from {{ ref('input_inventory_snapshots') }}
),

products as (
    {{ keys_of('counted', 'product_source', 'product_id', 'product_key') }}
),

locations as (
    {{ keys_of('counted', 'location_source', 'location_id', 'location_key') }}
),

keyed as (
    select
        products.product_key as product_key,
        locations.location_key as location_key,
        counted.snapshot_date as inventory_date,
        counted.source as source,
        counted.product_id as product_id,
        counted.location_id as location_id,
        counted.on_hand_quantity as on_hand_quantity,
        counted.reserved_quantity as reserved_quantity,
        counted.incoming_quantity as incoming_quantity,
        counted.unit_cost as unit_cost
    from counted
    inner join products
        on counted.product_source = products.product_source
        and counted.product_id = products.product_id
    inner join locations
        on counted.location_source = locations.location_source
        and counted.location_id = locations.location_id
),

-- Two systems that count the same goods on one day: the later name wins, for one number must.
ranked as (
    select
        keyed.product_key as product_key,
        keyed.location_key as location_key,
        keyed.inventory_date as inventory_date,
        keyed.source as source,
        keyed.product_id as product_id,
        keyed.location_id as location_id,
        keyed.on_hand_quantity as on_hand_quantity,
        keyed.reserved_quantity as reserved_quantity,
        keyed.incoming_quantity as incoming_quantity,
        keyed.unit_cost as unit_cost,
        row_number() over (
            partition by keyed.product_key, keyed.location_key, keyed.inventory_date
            order by keyed.source desc
        ) as source_rank
    from keyed
),

counts as (
    select
        product_key,
        location_key,
        inventory_date,
        source,
        product_id,
        location_id,
        on_hand_quantity,
        reserved_quantity,
        incoming_quantity,
        unit_cost
    from ranked
    where source_rank = 1
),

-- Balances are worked out on the days with news alone, and repeated until the next.
news as (
    select
        coalesce(movements.product_key, counts.product_key) as product_key,
        coalesce(movements.location_key, counts.location_key) as location_key,
        coalesce(movements.inventory_date, counts.inventory_date) as inventory_date,
        coalesce(least(movements.source, counts.source), movements.source, counts.source) as source,
        coalesce(least(movements.product_id, counts.product_id), movements.product_id, counts.product_id) as product_id,
        coalesce(least(movements.location_id, counts.location_id), movements.location_id, counts.location_id) as location_id,
        coalesce(movements.receipt_quantity, 0) as receipt_quantity,
        coalesce(movements.sale_quantity, 0) as sale_quantity,
        coalesce(movements.return_quantity, 0) as return_quantity,
        coalesce(movements.transfer_quantity, 0) as transfer_quantity,
        coalesce(movements.adjustment_quantity, 0) as adjustment_quantity,
        coalesce(movements.waste_quantity, 0) as waste_quantity,
        coalesce(movements.net_quantity, 0) as net_quantity,
        counts.on_hand_quantity as on_hand_quantity,
        counts.reserved_quantity as reserved_quantity,
        counts.incoming_quantity as incoming_quantity,
        counts.unit_cost as unit_cost
    from movements
    full outer join counts
        on movements.product_key = counts.product_key
        and movements.location_key = counts.location_key
        and movements.inventory_date = counts.inventory_date
),

-- The balance is what moved since the beginning, and by how much the latest count was above that.
running as (
    select
        news.product_key as product_key,
        news.location_key as location_key,
        news.inventory_date as inventory_date,
        news.source as source,
        news.product_id as product_id,
        news.location_id as location_id,
        news.receipt_quantity as receipt_quantity,
        news.sale_quantity as sale_quantity,
        news.return_quantity as return_quantity,
        news.transfer_quantity as transfer_quantity,
        news.adjustment_quantity as adjustment_quantity,
        news.waste_quantity as waste_quantity,
        news.net_quantity as net_quantity,
        news.on_hand_quantity as on_hand_quantity,
        news.reserved_quantity as reserved_quantity,
        news.incoming_quantity as incoming_quantity,
        news.unit_cost as unit_cost,
        cast(
            sum(news.net_quantity) over (
                partition by news.product_key, news.location_key
                order by news.inventory_date
                rows between unbounded preceding and current row
            ) as {{ type_of('quantity') }}
        ) as moved_quantity,
        count(news.on_hand_quantity) over (
            partition by news.product_key, news.location_key
            order by news.inventory_date
            rows between unbounded preceding and current row
        ) as count_number,
        lead(news.inventory_date) over (
            partition by news.product_key, news.location_key
            order by news.inventory_date
        ) as next_date
    from news
),

anchors as (
    select
        running.product_key as product_key,
        running.location_key as location_key,
        running.count_number as count_number,
        running.on_hand_quantity - running.moved_quantity as base_quantity,
        running.reserved_quantity as reserved_quantity,
        running.incoming_quantity as incoming_quantity,
        running.unit_cost as unit_cost
    from running
    where running.on_hand_quantity is not null
),

unit_costs as (
    select
        {{ surrogate_key(['source', 'product_id']) }} as product_key,{% if has_product_currencies() %}
        currency_code,{% endif %}
        unit_cost
    from {{ ref('input_products') }}
    where unit_cost is not null
),

bounds as (
    select max(inventory_date) as last_date
    from news
),

-- Before the first count there is no earlier one: both ends of that time follow from it.
balanced as (
    select
        running.product_key as product_key,
        running.location_key as location_key,
        running.inventory_date as inventory_date,
        {{ days('running.inventory_date', 'coalesce(running.next_date, ' ~ add_days('bounds.last_date', 1) ~ ')') }} as day_count,
        running.source as source,
        running.product_id as product_id,
        running.location_id as location_id,
        running.receipt_quantity as receipt_quantity,
        running.sale_quantity as sale_quantity,
        running.return_quantity as return_quantity,
        running.transfer_quantity as transfer_quantity,
        running.adjustment_quantity as adjustment_quantity,
        running.waste_quantity as waste_quantity,
        running.net_quantity as net_quantity,
        running.on_hand_quantity is not null as is_counted,
        running.moved_quantity + coalesce(latest.base_quantity, 0) as closing_quantity,
        running.moved_quantity - running.net_quantity + coalesce(earlier.base_quantity, latest.base_quantity, 0) as opening_quantity,
        case when running.count_number > 0 then coalesce(latest.reserved_quantity, 0) else 0 end as reserved_quantity,
        case when running.count_number > 0 then coalesce(latest.incoming_quantity, 0) else 0 end as incoming_quantity,
        coalesce(case when running.count_number > 0 then latest.unit_cost end, unit_costs.unit_cost) as unit_cost{% if has_product_currencies() %},
        case
            when running.count_number > 0 and latest.unit_cost is not null then {{ shop_currency() }}
            else coalesce(unit_costs.currency_code, {{ shop_currency() }})
        end as cost_currency_code{% endif %}
    from running
    cross join bounds
    left join anchors as latest
        on running.product_key = latest.product_key
        and running.location_key = latest.location_key
        and latest.count_number = case when running.count_number = 0 then 1 else running.count_number end
    left join anchors as earlier
        on running.product_key = earlier.product_key
        and running.location_key = earlier.location_key
        and earlier.count_number = case when running.on_hand_quantity is null then -1 else running.count_number - 1 end
    left join unit_costs
        on running.product_key = unit_costs.product_key
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
first_days as (
    select min(date_day) as date_day
    from {{ ref('dim_date') }}
),

ages as (
    select {{ days('first_days.date_day', 'calendar.date_day') }} as age
    from {{ ref('dim_date') }} as calendar
    cross join first_days
),

-- The day itself, and those until the next news: by their number, for a join of equals keeps together what belongs together.
repeats as (
    select
        spans.day_count as day_count,
        ages.age as age
    from (
        select distinct balanced.day_count
        from balanced
    ) as spans
    inner join ages
        on ages.age < spans.day_count
),

days as (
    select
        balanced.product_key as product_key,
        balanced.location_key as location_key,
        {{ add_days('balanced.inventory_date', 'repeats.age') }} as inventory_date,
        balanced.source as source,
        balanced.product_id as product_id,
        balanced.location_id as location_id,
        case when repeats.age = 0 then balanced.receipt_quantity else 0 end as receipt_quantity,
        case when repeats.age = 0 then balanced.sale_quantity else 0 end as sale_quantity,
        case when repeats.age = 0 then balanced.return_quantity else 0 end as return_quantity,
        case when repeats.age = 0 then balanced.transfer_quantity else 0 end as transfer_quantity,
        case when repeats.age = 0 then balanced.adjustment_quantity else 0 end as adjustment_quantity,
        case when repeats.age = 0 then balanced.waste_quantity else 0 end as waste_quantity,
        case when repeats.age = 0 then balanced.net_quantity else 0 end as net_quantity,
        balanced.is_counted and repeats.age = 0 as is_counted,
        case when repeats.age = 0 then balanced.opening_quantity else balanced.closing_quantity end as opening_quantity,
        balanced.closing_quantity as closing_quantity,
        balanced.reserved_quantity as reserved_quantity,
        balanced.incoming_quantity as incoming_quantity,
        {{ product_in_reporting('balanced.unit_cost', 'balanced.cost_currency_code', 'rates.rate') }} as unit_cost
    from balanced
    inner join repeats
        on balanced.day_count = repeats.day_count
    {%- if has_product_currencies() %}
    left join rates
        on {{ add_days('balanced.inventory_date', 'repeats.age') }} = rates.rate_date
        and balanced.cost_currency_code = rates.from_currency
    {%- endif %}
)

select
    product_key,
    location_key,
    inventory_date,
    source,
    product_id,
    location_id,
    cast(opening_quantity as {{ type_of('quantity') }}) as opening_quantity,
    cast(receipt_quantity as {{ type_of('quantity') }}) as receipt_quantity,
    cast(sale_quantity as {{ type_of('quantity') }}) as sale_quantity,
    cast(return_quantity as {{ type_of('quantity') }}) as return_quantity,
    cast(transfer_quantity as {{ type_of('quantity') }}) as transfer_quantity,
    cast(adjustment_quantity as {{ type_of('quantity') }}) as adjustment_quantity,
    cast(waste_quantity as {{ type_of('quantity') }}) as waste_quantity,
    cast(closing_quantity - opening_quantity - net_quantity as {{ type_of('quantity') }}) as count_difference_quantity,
    cast(closing_quantity as {{ type_of('quantity') }}) as closing_quantity,
    cast(reserved_quantity as {{ type_of('quantity') }}) as reserved_quantity,
    cast(incoming_quantity as {{ type_of('quantity') }}) as incoming_quantity,
    unit_cost,
    cast(round(closing_quantity * unit_cost, 4) as {{ type_money() }}) as stock_value_amount,
    {{ shop_currency() }} as currency_code,
    is_counted,
    closing_quantity <= 0 as is_stock_out
from days
