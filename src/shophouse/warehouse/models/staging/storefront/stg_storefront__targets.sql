-- One row per metric and period and version.
{{ config(enabled=uses_platform('storefront')) }}

with

targets as (
    select
        source,
        metric,
        period_start,
        period_end,
        target_value,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__targets') }}
)

select
    source,
    lower(metric) as metric,
    period_start,
    period_end,
    target_value,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from targets
