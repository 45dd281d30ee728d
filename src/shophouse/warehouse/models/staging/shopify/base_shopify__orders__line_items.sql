-- One row per order line and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _root_id,
        id,
        product_id,
        variant_id,
        title,
        sku,
        quantity,
        price,
        gift_card,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'orders__line_items') }}
)

select
    _source as source,
    _root_id as root_id,
    id,
    product_id,
    variant_id,
    {{ text_or_null('title') }} as title,
    {{ text_or_null('sku') }} as sku,
    quantity,
    price,
    gift_card,
    _dlt_id,
    _dlt_parent_id,
    _dlt_list_idx,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
