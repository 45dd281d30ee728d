-- One row per product.
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
        {{ json_text('elements.element', 'product_id') }} as product_id,
        lower({{ trimmed(json_text('elements.element', 'product.product_category_name')) }}) as category_name,
        {{ text_as(json_text('elements.element', 'product.product_weight_g'), 'decimal(18, 4)') }} as weight_grams,
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
        product_id,
        category_name,
        weight_grams,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, product_id
            order by _load_id, _source_file, _row_number
        ) as mention_rank
    from mentions
    where product_id is not null
)

select
    source,
    product_id,
    product_id as product_name,
    category_name as category_id,
    weight_grams,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ranked
where mention_rank = 1
