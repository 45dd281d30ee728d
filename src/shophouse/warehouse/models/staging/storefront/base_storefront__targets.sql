-- One row per metric and period and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        metric,
        period_start,
        period_end,
        target_value,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'targets') }}
)

select
    _source as source,
    {{ text_or_null('metric') }} as metric,
    period_start,
    period_end,
    target_value,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
