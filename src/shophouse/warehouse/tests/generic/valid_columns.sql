{#
  What holds for a model's columns, in one query for the whole model; each row is a broken rule with how many rows break it.
  Of a model that an incremental run changes by affected keys, the compiled query of such a run looks at the rows of these keys, for
  no others were written; at all of them for references, for what they refer to may be gone.

  unique      columns that together name a row: no two rows are alike, none is null
  not_null    columns that always have a value
  accepted    {column: [values]}; null passes
  references  {column: [model, column]}: each value that is not null exists there
#}
{% test valid_columns(model, unique=[], not_null=[], accepted={}, references={}) %}
    {%- set was_written = shophouse.was_written(model) %}
with
{% if unique %}
repeated as (
    select count(*) as row_count
    from (
        select {{ unique | join(", ") }}
        from {{ model }}
        where {{ was_written }}
        group by {{ unique | join(", ") }}
        having count(*) > 1
    ) as repeated_keys
),
{% endif %}
counted as (
    select
        {%- for column in (unique + not_null) | unique %}
        count(*) - count(checked.{{ column }}) as null_{{ column }},
        {%- endfor %}
        {%- for column, values in accepted.items() %}
        count(
            case when checked.{{ column }} not in ({% for value in values %}'{{ value }}'{% if not loop.last %}, {% endif %}{% endfor %}) then 1 end
        ) as other_{{ column }},
        {%- endfor %}
        count(*) as row_count
    from {{ model }} as checked
    where {{ was_written }}
)

{% if unique -%}
select
    '{{ unique | join(", ") }}' as column_name,
    'not unique' as problem,
    repeated.row_count as row_count
from repeated
where repeated.row_count > 0
union all
{% endif -%}
{% for column in (unique + not_null) | unique -%}
select
    '{{ column }}' as column_name,
    'null' as problem,
    counted.null_{{ column }} as row_count
from counted
where counted.null_{{ column }} > 0
union all
{% endfor -%}
{% for column in accepted -%}
select
    '{{ column }}' as column_name,
    'not an accepted value' as problem,
    counted.other_{{ column }} as row_count
from counted
where counted.other_{{ column }} > 0
union all
{% endfor -%}
{% for column, target in references.items() -%}
select
    '{{ column }}' as column_name,
    'not in {{ target[0] }}' as problem,
    cast(count(*) as bigint) as row_count
from (
    select distinct {{ column }} as value_here
    from {{ model }}
    where {{ column }} is not null
) as values_here
left join {{ ref(target[0]) }} as target_{{ loop.index }}
    on values_here.value_here = target_{{ loop.index }}.{{ target[1] }}
where target_{{ loop.index }}.{{ target[1] }} is null
having count(*) > 0
union all
{% endfor -%}
select
    'row' as column_name,
    'never' as problem,
    counted.row_count as row_count
from counted
where counted.row_count < 0
{% endtest %}
