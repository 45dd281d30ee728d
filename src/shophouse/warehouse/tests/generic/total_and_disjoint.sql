{#
  Conservation law 9: rules that sort things into classes are total (each has a class) and disjoint (none has two). Each row is a thing for which that doesn't hold.

  key    the column that names the thing
  label  the column that names its class
  of     the relation that holds the things, one row each, under the same key; of_where says which of them are sorted
#}
{% test total_and_disjoint(model, key, label, of, of_where="1 = 1") %}
with

sorted as (
    select
        {{ key }} as thing,
        cast(count(*) as bigint) as row_count,
        cast(count({{ label }}) as bigint) as class_count
    from {{ model }}
    group by {{ key }}
),

things as (
    select {{ key }} as thing
    from {{ of }}
    where {{ of_where }}
)

select
    coalesce(things.thing, sorted.thing) as thing,
    case
        when sorted.thing is null then 'in no class'
        when things.thing is null then 'not to be sorted'
        when sorted.row_count > 1 then 'in several classes'
        else 'class is null'
    end as problem
from things
full outer join sorted
    on things.thing = sorted.thing
where sorted.thing is null
    or things.thing is null
    or sorted.row_count <> 1
    or sorted.class_count <> 1
{% endtest %}
