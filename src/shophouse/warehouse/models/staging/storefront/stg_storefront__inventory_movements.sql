-- One row per movement.
{{ config(enabled=uses_platform('storefront')) }}

with

stock_movements as (
    select
        source,
        movement_id,
        product_id,
        location_id,
        kind,
        quantity,
        moved_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__stock_movements') }}
)

select
    source,
    cast(movement_id as varchar) as movement_id,
    cast(product_id as varchar) as product_id,
    cast(location_id as varchar) as location_id,
    moved_at,
    quantity,
    lower(kind) as kind,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from stock_movements
