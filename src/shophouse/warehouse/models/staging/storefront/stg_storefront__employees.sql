-- One row per employee and version.
{{ config(enabled=uses_platform('storefront')) }}

with

employees as (
    select
        source,
        employee_id,
        name,
        role,
        gender,
        birth_date,
        hired_at,
        city,
        state,
        postal_code,
        country_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__employees') }}
)

select
    source,
    cast(employee_id as varchar) as employee_id,
    coalesce(name, cast(employee_id as varchar)) as employee_name,
    lower(role) as type,
    {{ geography_id('upper(country_code)', 'state', 'postal_code', 'city') }} as geography_id,
    hired_at,
    birth_date,
    gender,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from employees
