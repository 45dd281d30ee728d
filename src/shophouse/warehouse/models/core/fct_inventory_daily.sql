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

stacked as (
    select
        product_key,
        location_key,
        inventory_date,
        source,
        product_id,
        location_id,
        receipt_quantity,
        sale_quantity,
        return_quantity,
        transfer_quantity,
        adjustment_quantity,
        waste_quantity,
        net_quantity,
        cast(null as {{ type_of('quantity') }}) as on_hand_quantity,
        cast(null as {{ type_of('quantity') }}) as reserved_quantity,
        cast(null as {{ type_of('quantity') }}) as incoming_quantity,
        cast(null as {{ type_money() }}) as unit_cost
    from movements
    union all
    select
        product_key,
        location_key,
        inventory_date,
        source,
        product_id,
        location_id,
        cast(0 as {{ type_of('quantity') }}) as receipt_quantity,
        cast(0 as {{ type_of('quantity') }}) as sale_quantity,
        cast(0 as {{ type_of('quantity') }}) as return_quantity,
        cast(0 as {{ type_of('quantity') }}) as transfer_quantity,
        cast(0 as {{ type_of('quantity') }}) as adjustment_quantity,
        cast(0 as {{ type_of('quantity') }}) as waste_quantity,
        cast(0 as {{ type_of('quantity') }}) as net_quantity,
        on_hand_quantity,
        reserved_quantity,
        incoming_quantity,
        unit_cost
    from counts
),

-- Balances are worked out on the days with news alone, and repeated until the next.
news as (
    select
        product_key,
        location_key,
        inventory_date,
        min(source) as source,
        min(product_id) as product_id,
        min(location_id) as location_id,
        cast(sum(receipt_quantity) as {{ type_of('quantity') }}) as receipt_quantity,
        cast(sum(sale_quantity) as {{ type_of('quantity') }}) as sale_quantity,
        cast(sum(return_quantity) as {{ type_of('quantity') }}) as return_quantity,
        cast(sum(transfer_quantity) as {{ type_of('quantity') }}) as transfer_quantity,
        cast(sum(adjustment_quantity) as {{ type_of('quantity') }}) as adjustment_quantity,
        cast(sum(waste_quantity) as {{ type_of('quantity') }}) as waste_quantity,
        cast(sum(net_quantity) as {{ type_of('quantity') }}) as net_quantity,
        max(on_hand_quantity) as on_hand_quantity,
        max(reserved_quantity) as reserved_quantity,
        max(incoming_quantity) as incoming_quantity,
        max(unit_cost) as unit_cost
    from stacked
    group by
        product_key,
        location_key,
        inventory_date
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

anchored as (
    select
        running.product_key as product_key,
        running.location_key as location_key,
        running.inventory_date as inventory_date,
        running.next_date as next_date,
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
        running.moved_quantity
        + coalesce(
            max(running.on_hand_quantity - running.moved_quantity) over (
                partition by running.product_key, running.location_key, running.count_number
            ),
            max(case when running.count_number = 1 then running.on_hand_quantity - running.moved_quantity end) over (
                partition by running.product_key, running.location_key
            ),
            0
        ) as closing_quantity,
        max(running.reserved_quantity) over (partition by running.product_key, running.location_key, running.count_number) as reserved_quantity,
        max(running.incoming_quantity) over (partition by running.product_key, running.location_key, running.count_number) as incoming_quantity,
        max(running.unit_cost) over (partition by running.product_key, running.location_key, running.count_number) as unit_cost
    from running
),

products as (
    select
        {{ surrogate_key(['source', 'product_id']) }} as product_key,{% if has_product_currencies() %}
        currency_code,{% endif %}
        unit_cost
    from {{ ref('input_products') }}
    where unit_cost is not null
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
opened as (
    select
        anchored.product_key as product_key,
        anchored.location_key as location_key,
        anchored.inventory_date as inventory_date,
        anchored.next_date as next_date,
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
        coalesce(anchored.reserved_quantity, 0) as reserved_quantity,
        coalesce(anchored.incoming_quantity, 0) as incoming_quantity,
        coalesce(anchored.unit_cost, products.unit_cost) as unit_cost{% if has_product_currencies() %},
        case when anchored.unit_cost is null then coalesce(products.currency_code, {{ shop_currency() }}) else {{ shop_currency() }} end as cost_currency_code{% endif %}
    from anchored
    left join products
        on anchored.product_key = products.product_key
),

bounds as (
    select
        min(inventory_date) as first_date,
        max(inventory_date) as last_date
    from news
),

calendar as (
    select calendar_days.date_day as date_day
    from {{ ref('dim_date') }} as calendar_days
    inner join bounds
        on calendar_days.date_day between bounds.first_date and bounds.last_date
),

days as (
    select
        opened.product_key as product_key,
        opened.location_key as location_key,
        calendar.date_day as inventory_date,
        opened.source as source,
        opened.product_id as product_id,
        opened.location_id as location_id,
        case when calendar.date_day = opened.inventory_date then opened.receipt_quantity else 0 end as receipt_quantity,
        case when calendar.date_day = opened.inventory_date then opened.sale_quantity else 0 end as sale_quantity,
        case when calendar.date_day = opened.inventory_date then opened.return_quantity else 0 end as return_quantity,
        case when calendar.date_day = opened.inventory_date then opened.transfer_quantity else 0 end as transfer_quantity,
        case when calendar.date_day = opened.inventory_date then opened.adjustment_quantity else 0 end as adjustment_quantity,
        case when calendar.date_day = opened.inventory_date then opened.waste_quantity else 0 end as waste_quantity,
        case when calendar.date_day = opened.inventory_date then opened.net_quantity else 0 end as net_quantity,
        opened.is_counted and calendar.date_day = opened.inventory_date as is_counted,
        case when calendar.date_day = opened.inventory_date then opened.opening_quantity else opened.closing_quantity end as opening_quantity,
        opened.closing_quantity as closing_quantity,
        opened.reserved_quantity as reserved_quantity,
        opened.incoming_quantity as incoming_quantity,
        {{ product_in_reporting('opened.unit_cost', 'opened.cost_currency_code', 'rates.rate') }} as unit_cost
    from opened
    inner join calendar
        on calendar.date_day >= opened.inventory_date
        and (opened.next_date is null or calendar.date_day < opened.next_date)
    {%- if has_product_currencies() %}
    left join rates
        on calendar.date_day = rates.rate_date
        and opened.cost_currency_code = rates.from_currency
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
