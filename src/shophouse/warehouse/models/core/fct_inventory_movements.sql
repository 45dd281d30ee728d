-- One row per movement of stock. Quantities are positive into the location and negative out of it.
with

movements as (
    select
        source,
        {{ source_of('source', 'products') }} as product_source,
        {{ source_of('source', 'locations') }} as location_source,
        movement_id,
        product_id,
        location_id,
        kind,
        moved_at,
        quantity
    from {{ ref('input_inventory_movements') }}
),

-- Keys are hashed once for each product and location, not for each movement.
products as (
    {{ keys_of('movements', 'product_source', 'product_id', 'product_key') }}
),

locations as (
    {{ keys_of('movements', 'location_source', 'location_id', 'location_key') }}
),

-- A store keeps its stock by its own clock.
stores as (
    select
        source,
        store_id,
        timezone
    from {{ ref('input_stores') }}
),

zoned as (
    select
        movements.source as source,
        products.product_key as product_key,
        locations.location_key as location_key,
        movements.movement_id as movement_id,
        movements.product_id as product_id,
        movements.location_id as location_id,
        movements.kind as kind,
        movements.moved_at as moved_at,
        movements.quantity as quantity,
        {% if has_entity('stores') %}coalesce(stores.timezone, {{ shop_timezone() }}){% else %}{{ shop_timezone() }}{% endif %} as store_timezone
    from movements
    inner join products
        on movements.product_source = products.product_source
        and movements.product_id = products.product_id
    inner join locations
        on movements.location_source = locations.location_source
        and movements.location_id = locations.location_id
    left join stores
        on movements.source = stores.source
        and movements.location_id = stores.store_id
),

final as (
    select
        {{ surrogate_key(['zoned.source', 'zoned.movement_id']) }} as movement_key,
        zoned.source as source,
        zoned.movement_id as movement_id,
        zoned.product_key as product_key,
        zoned.product_id as product_id,
        zoned.location_key as location_key,
        zoned.location_id as location_id,
        zoned.kind as movement_kind,
        zoned.moved_at as moved_at,
        {{ day_at_store('zoned.moved_at', 'zoned', 'moved') }} as moved_date,
        zoned.quantity as quantity
    from zoned
    {{ joined_offset('zoned.moved_at', 'zoned', 'moved') }}
)

select
    movement_key,
    source,
    movement_id,
    product_key,
    product_id,
    location_key,
    location_id,
    movement_kind,
    moved_at,
    moved_date,
    quantity
from final
