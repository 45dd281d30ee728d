-- One row per event.
{{ config(enabled=uses_platform('storefront')) }}

with

subscription_events as (
    select
        source,
        event_id,
        subscription_id,
        kind,
        occurred_at,
        mrr_delta,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__subscription_events') }}
)

select
    source,
    cast(event_id as varchar) as event_id,
    cast(subscription_id as varchar) as subscription_id,
    lower(kind) as kind,
    occurred_at,
    mrr_delta,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from subscription_events
