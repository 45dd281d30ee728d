-- One row per product and version: every row as received.
{{ config(enabled=uses_platform('shopify')) }}

with

received as (
    select
        _source,
        _timezone,
        id,
        title,
        vendor,
        product_type,
        status,
        created_at,
        updated_at,
        _dlt_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('shopify', 'products') }}
)

select
    _source as source,
    id,
    {{ text_or_null('title') }} as title,
    {{ text_or_null('vendor') }} as vendor,
    {{ text_or_null('product_type') }} as product_type,
    {{ text_or_null('status') }} as status,
    {{ to_utc('created_at', source_timezone('shopify')) }} as created_at,
    {{ to_utc('updated_at', source_timezone('shopify')) }} as updated_at,
    _dlt_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
