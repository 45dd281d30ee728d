{#
  Conservation laws 4 and 5, for splits that repeat the whole: in each group the parts sum to the same whole. Each row is a group
  and a total that differs. A model without rows has no groups.

  within  the columns that name a group
  totals  {expression over this model: expression over `of`}
  of      the relation that holds the whole
  of_where  a condition on it
#}
{% test same_total_within(model, within, of, totals, of_where="1 = 1") %}
with

parts as (
    select
        {{ within | join(", ") }},
        {%- for here in totals %}
        cast(coalesce({{ here }}, 0) as decimal(38, 8)) as total_{{ loop.index }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ model }}
    group by {{ within | join(", ") }}
),

wholes as (
    select
        {%- for there in totals.values() %}
        cast(coalesce({{ there }}, 0) as decimal(38, 8)) as total_{{ loop.index }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ of }}
    where {{ of_where }}
)
{% for here, there in totals.items() %}
select
    {%- for column in within %}
    cast(parts.{{ column }} as {{ type_text() }}) as {{ column }},
    {%- endfor %}
    '{{ here | replace("'", "''") }}' as total_name,
    parts.total_{{ loop.index }} as total_here,
    wholes.total_{{ loop.index }} as total_expected
from parts
cross join wholes
where parts.total_{{ loop.index }} <> wholes.total_{{ loop.index }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{% endtest %}
