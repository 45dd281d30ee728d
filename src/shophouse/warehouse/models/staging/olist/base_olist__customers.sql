-- One row per account and version: every row as received.
{{ config(enabled=uses_platform('olist')) }}

with

received as (
    select
        _source,
        customer_id,
        customer_unique_id,
        customer_zip_code_prefix,
        customer_city,
        customer_state,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('olist', 'customers') }}
)

select
    _source as source,
    customer_id,
    customer_unique_id,
    lpad({{ trimmed('customer_zip_code_prefix') }}, 5, '0') as zip_code_prefix,
    lower({{ trimmed('customer_city') }}) as city,
    upper({{ trimmed('customer_state') }}) as state_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
