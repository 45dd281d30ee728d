-- One row per product category with its path from the root (four levels at most), those that only products name, now or in the past, among them, and the unknown member.
with

categories as (
    {{ dimension(
        key='category_key',
        entity='categories',
        columns={
            'category_name': ['members.category_name', 'text'],
            'parent_category_id': ['members.parent_category_id', 'text'],
        },
        named_in=[('dim_product', 'category_key', 'category_id'), ('product_versions', 'category_key', 'category_id')],
        labels=['category_name']
    ) | indent(4) }}
),

final as (
    select
        categories.category_key as category_key,
        categories.source as source,
        categories.category_id as category_id,
        categories.category_name as category_name,
        categories.parent_category_id as parent_category_id,
        coalesce(great_grandparents.category_name || ' > ', '')
        || coalesce(grandparents.category_name || ' > ', '')
        || coalesce(parents.category_name || ' > ', '')
        || categories.category_name as category_path,
        coalesce(
            great_grandparents.category_name,
            grandparents.category_name,
            parents.category_name,
            categories.category_name
        ) as root_category_name,
        categories.is_inferred as is_inferred
    from categories
    left join categories as parents
        on categories.source = parents.source
        and categories.parent_category_id = parents.category_id
    left join categories as grandparents
        on parents.source = grandparents.source
        and parents.parent_category_id = grandparents.category_id
    left join categories as great_grandparents
        on grandparents.source = great_grandparents.source
        and grandparents.parent_category_id = great_grandparents.category_id
)

select
    category_key,
    source,
    category_id,
    category_name,
    parent_category_id,
    category_path,
    root_category_name,
    is_inferred
from final
