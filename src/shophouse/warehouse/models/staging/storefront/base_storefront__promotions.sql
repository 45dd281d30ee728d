-- One row per promotion and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
        promotion_id,
        code,
        kind,
        value,
        starts_at,
        ends_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'promotions') }}
)

select
    _source as source,
    promotion_id,
    {{ text_or_null('code') }} as code,
    {{ text_or_null('kind') }} as kind,
    value,
    {{ to_utc('starts_at', source_timezone('storefront')) }} as starts_at,
    {{ to_utc('ends_at', source_timezone('storefront')) }} as ends_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
