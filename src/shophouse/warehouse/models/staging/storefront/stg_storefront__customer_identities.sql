-- One row per account and person and version.
{{ config(enabled=uses_platform('storefront')) }}

with

identities as (
    select
        source,
        user_id,
        person_id,
        match_method,
        confidence,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__identities') }}
)

select
    source,
    cast(user_id as varchar) as customer_id,
    person_id,
    lower(match_method) as match_method,
    confidence,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from identities
