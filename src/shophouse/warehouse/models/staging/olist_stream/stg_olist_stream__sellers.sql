-- One row per seller.
{{ config(enabled=uses_platform('olist_stream')) }}

with

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
        {{ json_text('elements.element', 'seller_id') }} as seller_id,
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

ranked as (
    select
        source,
        seller_id,
        zip_code_prefix,
        city,
        state_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, seller_id
            order by _load_id, _source_file, _row_number
        ) as mention_rank
    from mentions
    where seller_id is not null
)

select
    source,
    seller_id,
    seller_id as seller_name,
    {{ geography_id("'BR'", 'state_code', 'zip_code_prefix', 'city') }} as geography_id,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ranked
where mention_rank = 1
