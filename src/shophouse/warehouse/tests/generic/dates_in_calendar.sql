{#
  Every date of a fact is a day of the calendar, or null: only the smallest and the largest are looked up, for the calendar has no gaps.

  columns   the dates
  calendar  the model of days, by date_day
#}
{% test dates_in_calendar(model, columns, calendar) %}
with

ends as (
    select
        {%- for column in columns %}
        min({{ column }}) as first_{{ column }},
        max({{ column }}) as last_{{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ model }}
),

bounds as (
    select
        min(date_day) as first_day,
        max(date_day) as last_day
    from {{ calendar }}
)
{% for column in columns %}
select
    '{{ column }}' as column_name,
    ends.first_{{ column }} as first_date,
    ends.last_{{ column }} as last_date,
    bounds.first_day as first_day_of_calendar,
    bounds.last_day as last_day_of_calendar
from ends
cross join bounds
where ends.first_{{ column }} < bounds.first_day
    or ends.last_{{ column }} > bounds.last_day
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{% endtest %}
