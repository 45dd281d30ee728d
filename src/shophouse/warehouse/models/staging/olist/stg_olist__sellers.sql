-- One row per seller and version.
{{ config(enabled=uses_platform('olist')) }}

with

sellers as (
    select
        source,
        seller_id,
        zip_code_prefix,
        city,
        state_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_olist__sellers') }}
)

select
    source,
    seller_id,
    seller_id as seller_name,
    {{ geography_id("'BR'", 'state_code', 'zip_code_prefix', 'city') }} as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from sellers
