-- One row per product and version: every row as received.
{{ config(enabled=uses_platform('olist')) }}

with

received as (
    select
        _source,
        product_id,
        product_category_name,
        product_name_lenght,
        product_description_lenght,
        product_photos_qty,
        product_weight_g,
        product_length_cm,
        product_height_cm,
        product_width_cm,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist', 'products') }}
)

select
    _source as source,
    product_id,
    lower({{ trimmed('product_category_name') }}) as category_name,
    product_name_lenght as name_length,
    product_description_lenght as description_length,
    product_photos_qty as photo_count,
    product_weight_g as weight_grams,
    product_length_cm as length_cm,
    product_height_cm as height_cm,
    product_width_cm as width_cm,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
