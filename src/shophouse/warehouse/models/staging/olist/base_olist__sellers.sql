-- One row per seller and version: every row as received.
{{ config(enabled=uses_platform('olist')) }}

with

received as (
    select
        _source,
        seller_id,
        seller_zip_code_prefix,
        seller_city,
        seller_state,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist', 'sellers') }}
)

select
    _source as source,
    seller_id,
    lpad({{ trimmed('seller_zip_code_prefix') }}, 5, '0') as zip_code_prefix,
    lower({{ trimmed('seller_city') }}) as city,
    upper({{ trimmed('seller_state') }}) as state_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
