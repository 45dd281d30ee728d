-- One row per place, from the addresses of accounts and sellers.
{{ config(enabled=uses_platform('olist_stream'), materialized='table') }}

with

accounts as (
    select
        source,
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

events as (
    select
        source,
        items,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_olist_stream__raw_orders') }}
    where event_type = 'order_created'
),

mentions as (
    select
        elements.source as source,
        lpad({{ trimmed(json_text('elements.element', 'seller.seller_zip_code_prefix')) }}, 5, '0') as zip_code_prefix,
        lower({{ trimmed(json_text('elements.element', 'seller.seller_city')) }}) as city,
        upper({{ trimmed(json_text('elements.element', 'seller.seller_state')) }}) as state_code,
        elements._load_id as _load_id,
        elements._loaded_at as _loaded_at,
        elements._source_file as _source_file,
        elements._row_number as _row_number,
        elements._operation as _operation
    from {{ elements_of('events', 'items', [
        'source', '_load_id', '_loaded_at', '_source_file', '_row_number', '_operation'
    ]) }} as elements
),

addresses as (
    select
        source,
        state_code,
        zip_code_prefix,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from accounts
    union all
    select
        source,
        state_code,
        zip_code_prefix,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from mentions
),

ranked as (
    select
        source,
        state_code,
        zip_code_prefix,
        city,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, state_code, zip_code_prefix, city
            order by _load_id, _source_file, _row_number
        ) as mention_rank
    from addresses
    where coalesce(state_code, zip_code_prefix, city) is not null
)

select
    source,
    {{ geography_id("'BR'", 'state_code', 'zip_code_prefix', 'city') }} as geography_id,
    zip_code_prefix as postal_code,
    city,
    state_code,
    'BR' as country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ranked
where mention_rank = 1
