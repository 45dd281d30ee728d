-- One row per product, location and day and version.
{{ config(enabled=uses_platform('storefront')) }}

with

stock_counts as (
    select
        source,
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
    from {{ ref('base_storefront__stock_counts') }}
)

select
    source,
    cast(product_id as varchar) as product_id,
    cast(location_id as varchar) as location_id,
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
from stock_counts
