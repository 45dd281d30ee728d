-- One row per movement: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
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
    from {{ source('storefront', 'stock_movements') }}
)

select
    _source as source,
    movement_id,
    product_id,
    location_id,
    {{ text_or_null('kind') }} as kind,
    quantity,
    {{ to_utc('moved_at', source_timezone('storefront')) }} as moved_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
