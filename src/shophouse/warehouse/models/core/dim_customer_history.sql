-- One row per version of an account: what was known of it from valid_from until before valid_to, the unknown member and those that only
-- facts name among them. Versions of one account follow each other without a gap, from 1900-01-01 to 9999-12-31. What has one
-- version only is in dim_customer alone, so that nothing is kept twice.
{{ config(materialized='view') }}

with

members as (
    select
        customer_key,
        customer_version_key,
        source,
        customer_id,
        gender,
        accepts_marketing,
        is_guest,
        geography_id,
        geography_key,
        acquisition_source,
        is_deleted,
        is_inferred
    from {{ ref('dim_customer') }}
),

-- The first version has the member's own key: a member whose current version is another has more than one.
single as (
    select
        members.customer_version_key as customer_version_key,
        members.customer_key as customer_key,
        members.source as source,
        members.customer_id as customer_id,
        members.gender as gender,
        coalesce(members.accepts_marketing, false) as accepts_marketing,
        coalesce(members.is_guest, false) as is_guest,
        members.geography_id as geography_id,
        members.geography_key as geography_key,
        members.acquisition_source as acquisition_source,
        coalesce(members.is_deleted, false) as is_deleted,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to,
        true as is_current,
        1 as version_number,
        members.is_inferred as is_inferred
    from members
    where members.customer_version_key = members.customer_key
),

versions as (
    select
        customer_version_key,
        customer_key,
        source,
        customer_id,
        gender,
        accepts_marketing,
        is_guest,
        geography_id,
        geography_key,
        acquisition_source,
        is_deleted,
        valid_from,
        valid_to,
        is_current,
        version_number
    from {{ ref('customer_versions') }}
),

final as (
    select
        single.customer_version_key as customer_version_key,
        single.customer_key as customer_key,
        single.source as source,
        single.customer_id as customer_id,
        single.gender as gender,
        single.accepts_marketing as accepts_marketing,
        single.is_guest as is_guest,
        single.geography_id as geography_id,
        single.geography_key as geography_key,
        single.acquisition_source as acquisition_source,
        single.is_deleted as is_deleted,
        single.valid_from as valid_from,
        single.valid_to as valid_to,
        single.is_current as is_current,
        single.version_number as version_number,
        single.is_inferred as is_inferred
    from single
    union all
    select
        versions.customer_version_key as customer_version_key,
        versions.customer_key as customer_key,
        versions.source as source,
        versions.customer_id as customer_id,
        versions.gender as gender,
        versions.accepts_marketing as accepts_marketing,
        versions.is_guest as is_guest,
        versions.geography_id as geography_id,
        versions.geography_key as geography_key,
        versions.acquisition_source as acquisition_source,
        versions.is_deleted as is_deleted,
        versions.valid_from as valid_from,
        versions.valid_to as valid_to,
        versions.is_current as is_current,
        versions.version_number as version_number,
        false as is_inferred
    from versions
)

select
    customer_version_key,
    customer_key,
    source,
    customer_id,
    gender,
    accepts_marketing,
    is_guest,
    geography_id,
    geography_key,
    acquisition_source,
    is_deleted,
    valid_from,
    valid_to,
    is_current,
    version_number,
    is_inferred
from final
