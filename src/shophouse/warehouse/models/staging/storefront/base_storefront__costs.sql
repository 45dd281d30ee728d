-- One row per cost rule and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        cost_id,
        kind,
        basis,
        amount,
        valid_from,
        valid_to,
        scope,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'costs') }}
)

select
    _source as source,
    cost_id,
    {{ text_or_null('kind') }} as kind,
    {{ text_or_null('basis') }} as basis,
    amount,
    valid_from,
    valid_to,
    {{ text_or_null('scope') }} as scope,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
