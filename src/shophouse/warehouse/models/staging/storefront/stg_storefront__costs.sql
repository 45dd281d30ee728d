-- One row per cost rule and version.
{{ config(enabled=uses_platform('storefront')) }}

with

costs as (
    select
        source,
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
    from {{ ref('base_storefront__costs') }}
)

select
    source,
    cast(cost_id as varchar) as cost_id,
    lower(kind) as kind,
    lower(basis) as basis,
    amount,
    valid_from,
    valid_to,
    scope,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from costs
