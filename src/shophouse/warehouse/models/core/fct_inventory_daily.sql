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

keyed as (
    select
        {{ surrogate_key(['counted.product_source', 'counted.product_id']) }} as product_key,
        {{ surrogate_key(['counted.location_source', 'counted.location_id']) }} as location_key,
        counted.snapshot_date as inventory_date,
        counted.source as source,
        counted.product_id as product_id,
        counted.location_id as location_id,
        counted.on_hand_quantity as on_hand_quantity,
        counted.reserved_quantity as reserved_quantity,
        counted.incoming_quantity as incoming_quantity,
        counted.unit_cost as unit_cost
    from counted
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

known_days as (
    select
        product_key,
        location_key,
        inventory_date,
        source,
        product_id,
        location_id
    from movements
    union all
    select
        product_key,
        location_key,
        inventory_date,
        source,
        product_id,
        location_id
    from counts
),

places as (
    select
        product_key,
        location_key,
        min(source) as source,
        min(product_id) as product_id,
        min(location_id) as location_id,
        min(inventory_date) as first_date
    from known_days
    group by
        product_key,
        location_key
),

last_day as (
    select max(inventory_date) as last_date
    from known_days
),

calendar as (
    select date_day
    from {{ ref('dim_date') }}
),

products as (
    select
        {{ surrogate_key(['source', 'product_id']) }} as product_key,
        unit_cost
    from {{ ref('input_products') }}
    where unit_cost is not null
),

days as (
    select
        places.product_key as product_key,
        places.location_key as location_key,
        calendar.date_day as inventory_date,
        places.source as source,
        places.product_id as product_id,
        places.location_id as location_id
    from places
    cross join last_day
    inner join calendar
        on calendar.date_day between places.first_date and last_day.last_date
),

joined as (
    select
        days.product_key as product_key,
        days.location_key as location_key,
        days.inventory_date as inventory_date,
        days.source as source,
        days.product_id as product_id,
        days.location_id as location_id,
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
        counts.unit_cost as unit_cost,
        counts.on_hand_quantity is not null as is_counted
    from days
    left join movements
        on days.product_key = movements.product_key
        and days.location_key = movements.location_key
        and days.inventory_date = movements.inventory_date
    left join counts
        on days.product_key = counts.product_key
        and days.location_key = counts.location_key
        and days.inventory_date = counts.inventory_date
),

-- The balance is what moved since the beginning, and by how much the latest count was above that.
running as (
    select
        joined.product_key as product_key,
        joined.location_key as location_key,
        joined.inventory_date as inventory_date,
        joined.source as source,
        joined.product_id as product_id,
        joined.location_id as location_id,
        joined.receipt_quantity as receipt_quantity,
        joined.sale_quantity as sale_quantity,
        joined.return_quantity as return_quantity,
        joined.transfer_quantity as transfer_quantity,
        joined.adjustment_quantity as adjustment_quantity,
        joined.waste_quantity as waste_quantity,
        joined.net_quantity as net_quantity,
        joined.on_hand_quantity as on_hand_quantity,
        joined.reserved_quantity as reserved_quantity,
        joined.incoming_quantity as incoming_quantity,
        joined.unit_cost as unit_cost,
        joined.is_counted as is_counted,
        cast(
            sum(joined.net_quantity) over (
                partition by joined.product_key, joined.location_key
                order by joined.inventory_date
                rows between unbounded preceding and current row
            ) as {{ type_of('quantity') }}
        ) as moved_quantity,
        cast(
            sum(case when joined.is_counted then 1 else 0 end) over (
                partition by joined.product_key, joined.location_key
                order by joined.inventory_date
                rows between unbounded preceding and current row
            ) as integer
        ) as count_number
    from joined
),

anchored as (
    select
        running.product_key as product_key,
        running.location_key as location_key,
        running.inventory_date as inventory_date,
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
        running.is_counted as is_counted,
        running.moved_quantity
        + coalesce(
            max(case when running.is_counted then running.on_hand_quantity - running.moved_quantity end) over (
                partition by running.product_key, running.location_key, running.count_number
            ),
            max(case when running.is_counted and running.count_number = 1 then running.on_hand_quantity - running.moved_quantity end) over (
                partition by running.product_key, running.location_key
            ),
            0
        ) as closing_quantity,
        max(running.reserved_quantity) over (partition by running.product_key, running.location_key, running.count_number) as reserved_quantity,
        max(running.incoming_quantity) over (partition by running.product_key, running.location_key, running.count_number) as incoming_quantity,
        max(running.unit_cost) over (partition by running.product_key, running.location_key, running.count_number) as unit_cost
    from running
),

opened as (
    select
        anchored.product_key as product_key,
        anchored.location_key as location_key,
        anchored.inventory_date as inventory_date,
        anchored.source as source,
        anchored.product_id as product_id,
        anchored.location_id as location_id,
        anchored.receipt_quantity as receipt_quantity,
        anchored.sale_quantity as sale_quantity,
        anchored.return_quantity as return_quantity,
        anchored.transfer_quantity as transfer_quantity,
        anchored.adjustment_quantity as adjustment_quantity,
        anchored.waste_quantity as waste_quantity,
        anchored.net_quantity as net_quantity,
        anchored.is_counted as is_counted,
        anchored.closing_quantity as closing_quantity,
        coalesce(
            lag(anchored.closing_quantity) over (
                partition by anchored.product_key, anchored.location_key
                order by anchored.inventory_date
            ),
            anchored.closing_quantity - anchored.net_quantity
        ) as opening_quantity,
        anchored.reserved_quantity as reserved_quantity,
        anchored.incoming_quantity as incoming_quantity,
        coalesce(anchored.unit_cost, products.unit_cost) as unit_cost
    from anchored
    left join products
        on anchored.product_key = products.product_key
)

select
    product_key,
    location_key,
    inventory_date,
    source,
    product_id,
    location_id,
    cast(opening_quantity as {{ type_of('quantity') }}) as opening_quantity,
    receipt_quantity,
    sale_quantity,
    return_quantity,
    transfer_quantity,
    adjustment_quantity,
    waste_quantity,
    cast(closing_quantity - opening_quantity - net_quantity as {{ type_of('quantity') }}) as count_difference_quantity,
    cast(closing_quantity as {{ type_of('quantity') }}) as closing_quantity,
    cast(coalesce(reserved_quantity, 0) as {{ type_of('quantity') }}) as reserved_quantity,
    cast(coalesce(incoming_quantity, 0) as {{ type_of('quantity') }}) as incoming_quantity,
    unit_cost,
    cast(round(closing_quantity * unit_cost, 4) as {{ type_money() }}) as stock_value_amount,
    {{ shop_currency() }} as currency_code,
    is_counted,
    closing_quantity <= 0 as is_stock_out
from opened
