-- One row per account.
{{ config(enabled=uses_platform('olist_stream')) }}

with

accounts as (
    select
        source,
        customer_id,
        lpad({{ trimmed(json_text('customer', 'customer_zip_code_prefix')) }}, 5, '0') as zip_code_prefix,
        lower({{ trimmed(json_text('customer', 'customer_city')) }}) as city,
        upper({{ trimmed(json_text('customer', 'customer_state')) }}) as state_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_olist_stream__raw_orders') }}
    where event_type = 'order_created'
),

ranked as (
    select
        source,
        customer_id,
        zip_code_prefix,
        city,
        state_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, customer_id
            order by _load_id, _source_file, _row_number
        ) as mention_rank
    from accounts
    where customer_id is not null
)

select
    source,
    customer_id,
    {{ geography_id("'BR'", 'state_code', 'zip_code_prefix', 'city') }} as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ranked
where mention_rank = 1
