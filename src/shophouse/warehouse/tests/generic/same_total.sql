{#
  Conservation law 4: a split sums to what it splits. Each row is a total that differs.

  totals  {expression over this model: expression over `of`}
  of      the relation that holds the whole
  where, of_where  conditions on each side
#}
{% test same_total(model, of, totals, where="1 = 1", of_where="1 = 1") %}
with

parts as (
    select
        {%- for here in totals %}
        cast(coalesce({{ here }}, 0) as decimal(38, 4)) as total_{{ loop.index }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ model }}
    where {{ where }}
),

wholes as (
    select
        {%- for there in totals.values() %}
        cast(coalesce({{ there }}, 0) as decimal(38, 4)) as total_{{ loop.index }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ of }}
    where {{ of_where }}
)
{% for here, there in totals.items() %}
select
    '{{ here | replace("'", "''") }}' as total_name,
    parts.total_{{ loop.index }} as total_here,
    wholes.total_{{ loop.index }} as total_expected,
    parts.total_{{ loop.index }} - wholes.total_{{ loop.index }} as difference
from parts
cross join wholes
where parts.total_{{ loop.index }} <> wholes.total_{{ loop.index }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{% endtest %}
