{#
  Conservation law 4 in each group: a split sums, group by group, to what it splits; a group that only one side has is nothing there.
  Each row is a group and a total that differs.

  by      {name: [expression over this model, expression over `of`]}: what names a group
  totals  {expression over this model: expression over `of`}
  of      the relation that holds the whole
  of_where  a condition on it
#}
{% test same_total_by(model, of, by, totals, of_where="1 = 1") %}
with

both_sides as (
    select
        {%- for name, pair in by.items() %}
        {{ pair[0] }} as {{ name }},
        {%- endfor %}
        {%- for here in totals %}
        cast(coalesce({{ here }}, 0) as decimal(38, 4)) as here_{{ loop.index }},
        cast(0 as decimal(38, 4)) as there_{{ loop.index }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ model }}
    group by {% for pair in by.values() %}{{ pair[0] }}{% if not loop.last %}, {% endif %}{% endfor %}
    union all
    select
        {%- for name, pair in by.items() %}
        {{ pair[1] }} as {{ name }},
        {%- endfor %}
        {%- for there in totals.values() %}
        cast(0 as decimal(38, 4)) as here_{{ loop.index }},
        cast(coalesce({{ there }}, 0) as decimal(38, 4)) as there_{{ loop.index }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ of }}
    where {{ of_where }}
    group by {% for pair in by.values() %}{{ pair[1] }}{% if not loop.last %}, {% endif %}{% endfor %}
),

summed as (
    select
        {{ by.keys() | join(", ") }},
        {%- for here in totals %}
        sum(here_{{ loop.index }}) as here_{{ loop.index }},
        sum(there_{{ loop.index }}) as there_{{ loop.index }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from both_sides
    group by {{ by.keys() | join(", ") }}
)
{% for here in totals %}
select
    {{ by.keys() | join(", ") }},
    '{{ here | replace("'", "''") }}' as total_name,
    here_{{ loop.index }} as total_here,
    there_{{ loop.index }} as total_expected
from summed
where here_{{ loop.index }} <> there_{{ loop.index }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{% endtest %}
