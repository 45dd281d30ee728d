-- One row per promotion and version.
{{ config(enabled=uses_platform('storefront')) }}

with

promotions as (
    select
        source,
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
    from {{ ref('base_storefront__promotions') }}
)

select
    source,
    cast(promotion_id as varchar) as promotion_id,
    code,
    lower(kind) as kind,
    value,
    starts_at,
    ends_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from promotions
