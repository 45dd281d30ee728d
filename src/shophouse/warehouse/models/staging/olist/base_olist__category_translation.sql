-- One row per category and version: every row as received.
{{ config(enabled=uses_platform('olist')) }}

with

received as (
    select
        _source,
        product_category_name,
        product_category_name_english,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist', 'category_translation') }}
)

select
    _source as source,
    lower({{ trimmed('product_category_name') }}) as category_name,
    lower({{ trimmed('product_category_name_english') }}) as category_name_english,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
