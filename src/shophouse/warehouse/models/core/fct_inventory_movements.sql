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

final as (
    select
        {{ surrogate_key(['movements.source', 'movements.movement_id']) }} as movement_key,
        movements.source as source,
        movements.movement_id as movement_id,
        {{ surrogate_key(['movements.product_source', 'movements.product_id']) }} as product_key,
        movements.product_id as product_id,
        {{ surrogate_key(['movements.location_source', 'movements.location_id']) }} as location_key,
        movements.location_id as location_id,
        movements.kind as movement_kind,
        movements.moved_at as moved_at,
        {{ local_date('movements.moved_at', shop_timezone()) }} as moved_date,
        movements.quantity as quantity
    from movements
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
