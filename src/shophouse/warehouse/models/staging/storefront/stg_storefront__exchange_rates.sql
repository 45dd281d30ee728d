-- One row per day and pair of currencies and version.
{{ config(enabled=uses_platform('storefront')) }}

with

exchange_rates as (
    select
        source,
        rate_date,
        from_currency,
        to_currency,
        rate,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__exchange_rates') }}
)

select
    source,
    rate_date,
    upper(from_currency) as from_currency,
    upper(to_currency) as to_currency,
    rate,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from exchange_rates
