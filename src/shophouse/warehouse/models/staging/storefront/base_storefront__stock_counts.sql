-- One row per product, location and day and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        product_id,
        location_id,
        snapshot_date,
        on_hand_quantity,
        reserved_quantity,
        incoming_quantity,
        unit_cost,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'stock_counts') }}
)

select
    _source as source,
    product_id,
    location_id,
    snapshot_date,
    on_hand_quantity,
    reserved_quantity,
    incoming_quantity,
    unit_cost,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
