-- One row per employee and version.
{{ config(enabled=uses_platform('grocery')) }}

with

employees as (
    select
        source,
        employee_id,
        first_name,
        last_name,
        born_on,
        gender,
        city_id,
        hired_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_grocery__employees') }}
)

select
    source,
    cast(employee_id as varchar) as employee_id,
    trim(coalesce(first_name, '') || ' ' || coalesce(last_name, cast(employee_id as varchar))) as employee_name,
    cast(city_id as varchar) as geography_id,
    hired_at,
    born_on as birth_date,
    gender,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from employees
