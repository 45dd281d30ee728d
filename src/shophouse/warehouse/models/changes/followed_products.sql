-- One row per product of which something has arrived that facts are made of. A product's price or name is in no fact; its cost with its currency and whether
-- it is a gift card are. Empty in a full run.
{{ config(tags=['changes']) }}

with

arrived_versions as (
    {{ arrived('products', ['product_id'], distinct=false) }}
),

changed as (
    select
        arrived_versions.source as source,
        arrived_versions.product_id as product_id,
        count(*) as version_count
    from arrived_versions
    group by
        arrived_versions.source,
        arrived_versions.product_id
),

versions as (
    {{ all_versions('products', ['product_id', 'unit_cost', 'currency_code', 'is_gift_card', '_operation']) }}
),

followed as (
    select
        versions.source as source,
        versions.product_id as product_id
    from versions
    inner join changed
        on versions.source = changed.source
        and versions.product_id = changed.product_id
    where {{ passes_changes_on() }}
    group by
        versions.source,
        versions.product_id
    having {% if replaces_files('products') %}1 = 1{% else %}count(*) <= max(changed.version_count)
        or max(case when versions._operation = 'delete' then 1 else 0 end) = 1
        or count(versions.unit_cost) <> count(*)
        or min(versions.unit_cost) <> max(versions.unit_cost)
        or count(distinct coalesce(versions.currency_code, '')) > 1
        or min(case when versions.is_gift_card then 1 else 0 end) <> max(case when versions.is_gift_card then 1 else 0 end){% endif %}
),

final as (
    {{ keys_of('followed', 'source', 'product_id', 'product_key') }}
)

select
    source,
    product_id,
    product_key
from final
