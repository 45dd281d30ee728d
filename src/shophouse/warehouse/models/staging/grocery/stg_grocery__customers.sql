-- One row per customer and version.
{{ config(enabled=uses_platform('grocery')) }}

with

customers as (
    select
        source,
        customer_id,
        first_name,
        last_name,
        city_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_grocery__customers') }}
)

select
    source,
    cast(customer_id as varchar) as customer_id,
    first_name,
    last_name,
    cast(city_id as varchar) as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from customers
