-- One row per variant, location, day and version.
{{ config(enabled=uses_platform('shopify')) }}

with

levels as (
    select
        source,
        inventory_item_id,
        location_id,
        available,
        updated_at,
        _dlt_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_shopify__inventory_levels') }}
),

variants as (
    select
        source,
        inventory_item_id,
        max(id) as id
    from {{ ref('base_shopify__products__variants') }}
    where inventory_item_id is not null
    group by
        source,
        inventory_item_id
)

select
    levels.source as source,
    coalesce(cast(variants.id as varchar), 'item ' || cast(levels.inventory_item_id as varchar)) as product_id,
    cast(levels.location_id as varchar) as location_id,
    {{ local_date('levels.updated_at', shop_timezone()) }} as snapshot_date,
    levels.available as on_hand_quantity,
    levels._load_id as _load_id,
    levels._loaded_at as _loaded_at,
    levels._source_file as _source_file,
    levels._row_number as _row_number,
    levels._operation as _operation
from levels
left join variants
    on levels.source = variants.source
    and levels.inventory_item_id = variants.inventory_item_id
