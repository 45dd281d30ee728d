-- One row per product and version: every row as received.
{{ config(enabled=uses_platform('grocery')) }}

with

received as (
    select
        _source,
        _timezone,
        productid,
        productname,
        price,
        categoryid,
        class,
        modifydate,
        resistant,
        isallergic,
        vitalitydays,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('grocery', 'products') }}
)

select
    _source as source,
    productid as product_id,
    {{ text_or_null('productname') }} as product_name,
    price,
    categoryid as category_id,
    {{ text_or_null('class') }} as class,
    {{ to_utc('modifydate', source_timezone('grocery')) }} as modified_at,
    {{ text_or_null('resistant') }} as resistance,
    {{ text_or_null('isallergic') }} as allergic,
    vitalitydays as vitality_days,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
