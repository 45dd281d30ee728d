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
    nullif(trim(kind), '') as kind,
    nullif(trim(basis), '') as basis,
    amount,
    valid_from,
    valid_to,
    nullif(trim(scope), '') as scope,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
