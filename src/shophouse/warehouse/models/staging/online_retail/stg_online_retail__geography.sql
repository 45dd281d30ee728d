-- One row per country, load and file.
{{ config(enabled=uses_platform('online_retail')) }}

with

invoice_lines as (
    select
        source,
        country,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('stg_online_retail__invoice_lines') }}
    where country is not null
)

select
    source,
    country as geography_id,
    country,
    _load_id,
    _loaded_at,
    _source_file,
    min(_row_number) as _row_number,
    'insert' as _operation
from invoice_lines
group by
    source,
    country,
    _load_id,
    _loaded_at,
    _source_file
