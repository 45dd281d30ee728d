-- One row per account and version.
{{ config(enabled=uses_platform('olist')) }}

with

customers as (
    select
        source,
        customer_id,
        zip_code_prefix,
        city,
        state_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_olist__customers') }}
)

select
    source,
    customer_id,
    {{ geography_id("'BR'", 'state_code', 'zip_code_prefix', 'city') }} as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from customers
