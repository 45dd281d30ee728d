-- One row per event: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
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
    from {{ source('storefront', 'subscription_events') }}
)

select
    _source as source,
    event_id,
    subscription_id,
    {{ text_or_null('kind') }} as kind,
    {{ to_utc('occurred_at', source_timezone('storefront')) }} as occurred_at,
    mrr_delta,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
