-- One row per variant and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _timezone,
        _root_id,
        id,
        title,
        sku,
        price,
        grams,
        inventory_item_id,
        fulfillment_service,
        created_at,
        updated_at,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'products__variants') }}
)

select
    _source as source,
    _root_id as root_id,
    id,
    {{ text_or_null('title') }} as title,
    {{ text_or_null('sku') }} as sku,
    price,
    grams,
    inventory_item_id,
    {{ text_or_null('fulfillment_service') }} as fulfillment_service,
    {{ to_utc('created_at', source_timezone('shopify')) }} as created_at,
    {{ to_utc('updated_at', source_timezone('shopify')) }} as updated_at,
    _dlt_id,
    _dlt_parent_id,
    _dlt_list_idx,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
