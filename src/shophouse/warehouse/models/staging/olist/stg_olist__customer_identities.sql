-- One row per account and version, with the person behind it.
{{ config(enabled=uses_platform('olist')) }}

with

customers as (
    select
        source,
        customer_id,
        customer_unique_id,
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
    customer_unique_id as person_id,
    'source' as match_method,
    cast(1 as double precision) as confidence,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from customers
