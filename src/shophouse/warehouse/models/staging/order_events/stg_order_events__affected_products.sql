-- One row per product of which a line of these loads says something else than its newest row does, or is not newer. Empty in a full run.
{{ config(enabled=uses_platform('order_events'), schema='changes', materialized='table') }}
{%- set before = as_built('staging', 'stg_order_events__products') %}

with

lines as (
    select
        lines.source as source,
        lines.product_id as product_id,
        lines.product_name as product_name,
        lines.is_gift_card as is_gift_card,
        lines.occurred_at as occurred_at,
        lines._load_id as _load_id,
        lines._source_file as _source_file,
        lines._row_number as _row_number
    from {{ ref('stg_order_events__lines') }} as lines
    inner join {{ ref('stg_order_events__affected_loads') }} as affected_loads
        on lines._load_id = affected_loads._load_id
    where lines.product_id is not null
        and {{ passes_changes_on() }}
)
{%- if before %},

ranked as (
    select
        products_before.source as source,
        products_before.product_id as product_id,
        products_before.product_name as product_name,
        products_before.is_gift_card as is_gift_card,
        products_before.updated_at as updated_at,
        products_before._load_id as _load_id,
        products_before._source_file as _source_file,
        products_before._row_number as _row_number,
        row_number() over (
            partition by products_before.source, products_before.product_id
            order by
                products_before.updated_at desc nulls last,
                products_before._load_id desc,
                products_before._source_file desc,
                products_before._row_number desc
        ) as news_rank
    from {{ before }} as products_before
),

known as (
    select
        source,
        product_id,
        product_name,
        is_gift_card,
        updated_at,
        _load_id,
        _source_file,
        _row_number
    from ranked
    where news_rank = 1
)
{%- endif %}

select distinct lines.product_id as product_id
from lines
{%- if before %}
left join known
    on lines.source = known.source
    and lines.product_id = known.product_id
    and coalesce(lines.product_name, lines.product_id) = known.product_name
    and coalesce(lines.is_gift_card, false) = known.is_gift_card
    and (
        lines.occurred_at > known.updated_at
        or (
            lines._load_id = known._load_id
            and lines._source_file = known._source_file
            and lines._row_number = known._row_number
        )
    )
where known.product_id is null
{%- endif %}
