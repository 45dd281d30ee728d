-- One row per account and person and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        user_id,
        person_id,
        match_method,
        confidence,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'identities') }}
)

select
    _source as source,
    user_id,
    {{ text_or_null('person_id') }} as person_id,
    {{ text_or_null('match_method') }} as match_method,
    confidence,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
