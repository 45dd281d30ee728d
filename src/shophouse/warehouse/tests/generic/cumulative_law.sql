{#
  Conservation law 7: a cumulative value is the sum of its parts up to it. Each row is one that isn't.

  within      the columns that a running sum belongs to
  along       the column that it runs along
  part        the column that is summed
  cumulative  the column that holds the sum
#}
{% test cumulative_law(model, within, along, part, cumulative) %}
with

parts as (
    select
        {{ within | join(", ") }},
        {{ along }},
        {{ part }} as part_value,
        {{ cumulative }} as cumulative_value,
        lag({{ cumulative }}) over (partition by {{ within | join(", ") }} order by {{ along }} nulls last) as cumulative_before
    from {{ model }}
)

select
    {{ within | join(", ") }},
    {{ along }},
    part_value,
    cumulative_before,
    cumulative_value
from parts
where cumulative_value is null
    or part_value is null
    or cumulative_value <> coalesce(cumulative_before, 0) + part_value
{% endtest %}
