-- One row per person made of more than one account: the rule that made them one, how sure it is, and how many accounts of which sources.
with

persons as (
    select
        person_key,
        match_method,
        match_confidence,
        account_count,
        order_count,
        valid_order_count,
        created_at
    from {{ ref('dim_person') }}
    where account_count > 1
),

accounts as (
    select
        person_key,
        source,
        match_method,
        created_at
    from {{ ref('dim_customer') }}
),

merged as (
    select
        accounts.person_key as person_key,
        accounts.source as source,
        accounts.match_method as match_method,
        accounts.created_at as created_at
    from accounts
    inner join persons
        on accounts.person_key = persons.person_key
),

rules as (
    select
        merged.person_key as person_key,
        cast(count(distinct merged.match_method) as integer) as match_method_count,
        cast(count(distinct merged.source) as integer) as source_count,
        min(merged.source) as first_source,
        max(merged.source) as last_source,
        max(merged.created_at) as last_created_at
    from merged
    group by merged.person_key
)

select
    persons.person_key as person_key,
    persons.match_method as match_method,
    rules.match_method_count as match_method_count,
    persons.match_confidence as match_confidence,
    persons.account_count as account_count,
    persons.account_count - 1 as merged_account_count,
    rules.source_count as source_count,
    rules.first_source as first_source,
    rules.last_source as last_source,
    persons.created_at as first_created_at,
    rules.last_created_at as last_created_at,
    persons.order_count as order_count,
    persons.valid_order_count as valid_order_count
from persons
inner join rules
    on persons.person_key = rules.person_key
