-- One row per stock level and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _timezone,
        inventory_item_id,
        location_id,
        available,
        updated_at,
        _dlt_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'inventory_levels') }}
)

select
    _source as source,
    inventory_item_id,
    location_id,
    available,
    {{ to_utc('updated_at', source_timezone('shopify')) }} as updated_at,
    _dlt_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
