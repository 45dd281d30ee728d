-- One row per version of a product: what was known of it from valid_from until before valid_to, the unknown member and those that only
-- facts name among them. Versions of one product follow each other without a gap, from 1900-01-01 to 9999-12-31. What has one
-- version only is in dim_product alone, so that nothing is kept twice.
{{ config(materialized='view') }}

with

members as (
    select
        product_key,
        product_version_key,
        source,
        product_id,
        product_name,
        parent_product_id,
        sku,
        brand,
        category_id,
        category_key,
        list_price,
        unit_cost,
        currency_code,
        weight_grams,
        is_gift_card,
        status,
        is_deleted,
        is_inferred
    from {{ ref('dim_product') }}
),

-- The first version has the member's own key: a member whose current version is another has more than one.
single as (
    select
        members.product_version_key as product_version_key,
        members.product_key as product_key,
        members.source as source,
        members.product_id as product_id,
        members.product_name as product_name,
        members.parent_product_id as parent_product_id,
        members.sku as sku,
        members.brand as brand,
        members.category_id as category_id,
        members.category_key as category_key,
        members.list_price as list_price,
        members.unit_cost as unit_cost,
        members.currency_code as currency_code,
        members.weight_grams as weight_grams,
        coalesce(members.is_gift_card, false) as is_gift_card,
        members.status as status,
        coalesce(members.is_deleted, false) as is_deleted,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to,
        true as is_current,
        1 as version_number,
        members.is_inferred as is_inferred
    from members
    where members.product_version_key = members.product_key
),

versions as (
    select
        product_version_key,
        product_key,
        source,
        product_id,
        product_name,
        parent_product_id,
        sku,
        brand,
        category_id,
        category_key,
        list_price,
        unit_cost,
        currency_code,
        weight_grams,
        is_gift_card,
        status,
        is_deleted,
        valid_from,
        valid_to,
        is_current,
        version_number
    from {{ ref('product_versions') }}
),

final as (
    select
        single.product_version_key as product_version_key,
        single.product_key as product_key,
        single.source as source,
        single.product_id as product_id,
        single.product_name as product_name,
        single.parent_product_id as parent_product_id,
        single.sku as sku,
        single.brand as brand,
        single.category_id as category_id,
        single.category_key as category_key,
        single.list_price as list_price,
        single.unit_cost as unit_cost,
        single.currency_code as currency_code,
        single.weight_grams as weight_grams,
        single.is_gift_card as is_gift_card,
        single.status as status,
        single.is_deleted as is_deleted,
        single.valid_from as valid_from,
        single.valid_to as valid_to,
        single.is_current as is_current,
        single.version_number as version_number,
        single.is_inferred as is_inferred
    from single
    union all
    select
        versions.product_version_key as product_version_key,
        versions.product_key as product_key,
        versions.source as source,
        versions.product_id as product_id,
        versions.product_name as product_name,
        versions.parent_product_id as parent_product_id,
        versions.sku as sku,
        versions.brand as brand,
        versions.category_id as category_id,
        versions.category_key as category_key,
        versions.list_price as list_price,
        versions.unit_cost as unit_cost,
        versions.currency_code as currency_code,
        versions.weight_grams as weight_grams,
        versions.is_gift_card as is_gift_card,
        versions.status as status,
        versions.is_deleted as is_deleted,
        versions.valid_from as valid_from,
        versions.valid_to as valid_to,
        versions.is_current as is_current,
        versions.version_number as version_number,
        false as is_inferred
    from versions
)

select
    product_version_key,
    product_key,
    source,
    product_id,
    product_name,
    parent_product_id,
    sku,
    brand,
    category_id,
    category_key,
    list_price,
    unit_cost,
    currency_code,
    weight_grams,
    is_gift_card,
    status,
    is_deleted,
    valid_from,
    valid_to,
    is_current,
    version_number,
    is_inferred
from final
