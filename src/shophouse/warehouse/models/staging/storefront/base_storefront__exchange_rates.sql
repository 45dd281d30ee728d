-- One row per day and pair of currencies and version: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        rate_date,
        from_currency,
        to_currency,
        rate,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ source('storefront', 'exchange_rates') }}
)

select
    _source as source,
    rate_date,
    {{ text_or_null('from_currency') }} as from_currency,
    {{ text_or_null('to_currency') }} as to_currency,
    rate,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
