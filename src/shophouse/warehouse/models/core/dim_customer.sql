-- One row per account at a source as it is now, those that only orders name among them, and the unknown member (guests). Columns marked as personal stay out of marts.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='customer_key',
    meta={'affected': 'affected_accounts'}
) }}

with

customers as (
    {{ dimension(
        key='customer_key',
        entity='customers',
        columns=member_columns('customers', also={
            'email': ['members.email', 'text'],
            'phone': ['members.phone', 'text'],
            'first_name': ['members.first_name', 'text'],
            'last_name': ['members.last_name', 'text'],
            'birth_date': ['members.birth_date', 'date'],
            'created_at': ['members.created_at', 'timestamp'],
            'updated_at': ['members.updated_at', 'timestamp'],
        }),
        named_in=[('fct_orders', 'customer_key', 'customer_id')],
        labels=[],
        affected='affected_accounts'
    ) | indent(4) }}
),

identities as (
    select
        source,
        customer_id,
        person_id,
        match_method,
        confidence,
        row_number() over (
            partition by source, customer_id
            order by confidence desc nulls last, person_id
        ) as identity_rank
    from {{ affected_input('customer_identities', by='customer_id', affected='affected_accounts') }} as input_customer_identities
),

versions as (
    select
        customer_key,
        customer_version_key
    from {{ ref('customer_versions') }}
    where is_current
),

resolved as (
    select
        customers.customer_key as customer_key,
        customers.source as source,
        customers.customer_id as customer_id,
        {{ person_id('customers', 'identities') }} as person_id,
        case
            when identities.person_id is not null then coalesce(identities.match_method, 'source')
            when customers.email like '%@%' then 'email'
            else 'account'
        end as match_method,
        case when identities.person_id is not null then identities.confidence else 1 end as match_confidence,
        customers.email as email,
        customers.phone as phone,
        customers.first_name as first_name,
        customers.last_name as last_name,
        customers.birth_date as birth_date,
        customers.gender as gender,
        customers.accepts_marketing as accepts_marketing,
        customers.is_guest as is_guest,
        customers.geography_id as geography_id,
        customers.geography_key as geography_key,
        customers.acquisition_source as acquisition_source,
        customers.created_at as created_at,
        customers.updated_at as updated_at,
        customers.is_deleted as is_deleted,
        customers.is_inferred as is_inferred
    from customers
    left join identities
        on customers.source = identities.source
        and customers.customer_id = identities.customer_id
        and identities.identity_rank = 1
),

final as (
    select
        resolved.customer_key as customer_key,
        coalesce(versions.customer_version_key, resolved.customer_key) as customer_version_key,
        resolved.source as source,
        resolved.customer_id as customer_id,
        case
            when resolved.customer_key = {{ unknown_key() }} then {{ unknown_key() }}
            else {{ surrogate_key(['resolved.person_id']) }}
        end as person_key,
        resolved.match_method as match_method,
        cast(resolved.match_confidence as double precision) as match_confidence,
        resolved.email as email,
        resolved.phone as phone,
        resolved.first_name as first_name,
        resolved.last_name as last_name,
        resolved.birth_date as birth_date,
        resolved.gender as gender,
        coalesce(resolved.accepts_marketing, false) as accepts_marketing,
        coalesce(resolved.is_guest, false) as is_guest,
        resolved.geography_id as geography_id,
        coalesce(resolved.geography_key, {{ unknown_key() }}) as geography_key,
        resolved.acquisition_source as acquisition_source,
        resolved.created_at as created_at,
        resolved.updated_at as updated_at,
        coalesce(resolved.is_deleted, false) as is_deleted,
        resolved.is_inferred as is_inferred
    from resolved
    left join versions
        on resolved.customer_key = versions.customer_key
)

select
    customer_key,
    customer_version_key,
    source,
    customer_id,
    person_key,
    match_method,
    match_confidence,
    email,
    phone,
    first_name,
    last_name,
    birth_date,
    gender,
    accepts_marketing,
    is_guest,
    geography_id,
    geography_key,
    acquisition_source,
    created_at,
    updated_at,
    is_deleted,
    is_inferred
from final
