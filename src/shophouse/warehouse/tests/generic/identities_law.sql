{#
  Accounts are persons and merges: every account is one person's, and a person of n accounts is n - 1 merges. Each row is a number that
  differs.

  persons   one row per person, with account_count
  accounts  one row per account, with person_key; 0 is no account
#}
{% test identities_law(model, persons, accounts) %}
with

counted as (
    select
        person_key,
        count(*) as account_count
    from {{ accounts }}
    where person_key <> {{ unknown_key() }}
    group by person_key
),

merges as (
    select
        cast(count(*) as bigint) as person_count,
        cast(coalesce(sum(merged_account_count), 0) as bigint) as merge_count
    from {{ model }}
),

of_accounts as (
    select
        cast(count(*) as bigint) as person_count,
        cast(coalesce(sum(account_count), 0) as bigint) as account_count,
        cast(coalesce(sum(case when account_count > 1 then 1 else 0 end), 0) as bigint) as merged_person_count
    from counted
),

differing as (
    select cast(count(*) as bigint) as person_count
    from counted
    full join (
        select
            person_key,
            account_count
        from {{ persons }}
        where account_count > 0
    ) as persons
        on counted.person_key = persons.person_key
    where coalesce(counted.account_count, 0) <> coalesce(persons.account_count, 0)
)

select
    'persons and merges' as measure,
    of_accounts.person_count + merges.merge_count as number_here,
    of_accounts.account_count as number_expected
from of_accounts
cross join merges
where of_accounts.person_count + merges.merge_count <> of_accounts.account_count
union all
select
    'persons of several accounts' as measure,
    merges.person_count as number_here,
    of_accounts.merged_person_count as number_expected
from of_accounts
cross join merges
where merges.person_count <> of_accounts.merged_person_count
union all
select
    'persons whose accounts are not theirs' as measure,
    differing.person_count as number_here,
    0 as number_expected
from differing
where differing.person_count > 0
{% endtest %}
