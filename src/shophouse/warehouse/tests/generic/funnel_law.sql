{#
  Conservation law 8: who came to a step came to the one before it. Each row is a row of the model in which a step holds more than the one before.

  steps  the counts, or 0 and 1, of the steps in their order, as expressions
#}
{% test funnel_law(model, steps) %}
{%- for step in steps[1:] %}
select
    '{{ step | replace("'", "''") }}' as step,
    '{{ steps[loop.index0] | replace("'", "''") }}' as step_before,
    cast({{ step }} as bigint) as at_step,
    cast({{ steps[loop.index0] }} as bigint) as at_step_before
from {{ model }}
where {{ step }} > {{ steps[loop.index0] }}
    or {{ step }} is null
    or {{ step }} < 0
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{% endtest %}
