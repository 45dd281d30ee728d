-- One row per customer, load and file.
{{ config(enabled=uses_platform('online_retail')) }}

with

invoice_lines as (
    select
        source,
        customer_id,
        country,
        invoiced_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('stg_online_retail__invoice_lines') }}
    where customer_id is not null
),

ranked as (
    select
        source,
        customer_id,
        country,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        row_number() over (
            partition by source, _load_id, _source_file, customer_id
            order by invoiced_at desc nulls last, _row_number desc nulls last
        ) as line_rank
    from invoice_lines
)

select
    source,
    customer_id,
    country as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    'insert' as _operation
from ranked
where line_rank = 1
