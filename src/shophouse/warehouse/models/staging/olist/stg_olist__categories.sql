-- One row per category, load and file, from the translation and from the products.
{{ config(enabled=uses_platform('olist')) }}

with

translations as (
    select
        source,
        category_name,
        category_name_english,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_olist__category_translation') }}
),

products as (
    select
        source,
        category_name,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('base_olist__products') }}
),

mentions as (
    select
        source,
        category_name,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from translations
    union all
    select
        source,
        category_name,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from products
),

categories as (
    select
        source,
        category_name,
        _load_id,
        _loaded_at,
        _source_file,
        min(_row_number) as _row_number
    from mentions
    where category_name is not null
    group by
        source,
        category_name,
        _load_id,
        _loaded_at,
        _source_file
),

newest_translations as (
    select
        source,
        category_name,
        category_name_english,
        row_number() over (
            partition by source, category_name
            order by _load_id desc nulls last, _source_file desc nulls last, _row_number desc nulls last
        ) as version_rank
    from translations
)

select
    categories.source as source,
    categories.category_name as category_id,
    coalesce(newest_translations.category_name_english, categories.category_name) as category_name,
    categories._load_id as _load_id,
    categories._loaded_at as _loaded_at,
    categories._source_file as _source_file,
    categories._row_number as _row_number,
    'insert' as _operation
from categories
left join newest_translations
    on categories.source = newest_translations.source
    and categories.category_name = newest_translations.category_name
    and newest_translations.version_rank = 1
