{#
  Conservation law 4 by member: what is said of a member here is what is said of it there. Each row is a member that differs.

  of       the relation that says it of every member, once
  key      the column that names a member on both sides
  columns  what is compared
  where    the rows of this model that are compared
#}
{% test same_of_each(model, of, key, columns, where="1 = 1") %}
select
    here.{{ key }} as {{ key }}
    {%- for column in columns %},
    here.{{ column }} as {{ column }}_here,
    there.{{ column }} as {{ column }}_expected
    {%- endfor %}
from (
    select
        {{ key }},
        {{ columns | join(",\n        ") }}
    from {{ model }}
    where {{ where }}
) as here
left join {{ of }} as there
    on here.{{ key }} = there.{{ key }}
where there.{{ key }} is null
    {%- for column in columns %}
    or here.{{ column }} <> there.{{ column }}
    {%- endfor %}
{% endtest %}
