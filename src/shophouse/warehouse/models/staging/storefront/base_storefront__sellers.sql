-- One row per seller and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        seller_id,
        name,
        type,
        lead_time_days,
        city,
        state,
        postal_code,
        country_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'sellers') }}
)

select
    _source as source,
    seller_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('type') }} as type,
    lead_time_days,
    {{ text_or_null('city') }} as city,
    {{ text_or_null('state') }} as state,
    {{ text_or_null('postal_code') }} as postal_code,
    {{ text_or_null('country_code') }} as country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
