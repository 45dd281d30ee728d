-- One row per category.
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
        lower({{ trimmed(json_text('elements.element', 'product.product_category_name')) }}) as category_id,
        {{ text_or_null(json_text('elements.element', 'product.product_category_name_english')) }} as category_name,
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
        category_id,
        category_name,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        row_number() over (
            partition by source, category_id
            order by _load_id, _source_file, _row_number
        ) as mention_rank
    from mentions
    where category_id is not null
)

select
    source,
    category_id,
    coalesce(category_name, category_id) as category_name,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from ranked
where mention_rank = 1
