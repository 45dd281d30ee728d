{#
  Conservation law 7: at age 0 a cohort is whole, and the cohorts together are all persons. Each row is a cohort, or all of them, for which it doesn't hold.

  cohort   the column that names the cohort
  age      the column that counts from 0
  size     the column with the cohort's persons
  active   the column with the persons active at the age; leave it out where there is none
  of       the relation that holds the persons, one row each; of_where says which of them are in a cohort
#}
{% test cohort_law(model, cohort, age, size, of, active=none, of_where="1 = 1") %}
with

cohorts as (
    select
        {{ cohort }} as cohort,
        min({{ size }}) as least_size,
        max({{ size }}) as largest_size,
        cast(sum(case when {{ age }} = 0 then 1 else 0 end) as bigint) as first_count,
        min({{ age }}) as least_age,
        {% if active %}max(case when {{ age }} = 0 then {{ active }} end){% else %}max({{ size }}){% endif %} as active_at_first
    from {{ model }}
    group by {{ cohort }}
),

persons as (
    select cast(count(*) as bigint) as person_count
    from {{ of }}
    where {{ of_where }}
),

sizes as (
    select cast(coalesce(sum(largest_size), 0) as bigint) as person_count
    from cohorts
)

select
    cast(cohorts.cohort as {{ type_text() }}) as cohort,
    'age 0 is not the cohort' as problem,
    cast(cohorts.active_at_first as bigint) as found,
    cast(cohorts.largest_size as bigint) as expected
from cohorts
where cohorts.first_count <> 1
    or cohorts.least_age <> 0
    or cohorts.least_size <> cohorts.largest_size
    or cohorts.active_at_first is null
    or cohorts.active_at_first <> cohorts.largest_size
union all
select
    'all' as cohort,
    'cohorts are not all persons' as problem,
    sizes.person_count as found,
    persons.person_count as expected
from sizes
cross join persons
where sizes.person_count <> persons.person_count
{% endtest %}
