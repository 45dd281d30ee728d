{#
  Conservation law 10: periods of one thing don't overlap; where gaps aren't allowed, they leave none, and the last is open.
  Each row is a period that does, with what is wrong with it.

  within        the columns that name the thing; null is a name, too
  starts, ends  the first and the last day of a period; the last is null while it is open
  gaps          whether there may be days without a period
  of_where      which rows are periods
#}
{% test periods_do_not_overlap(model, within, starts, ends, gaps=false, of_where="1 = 1") %}
with

periods as (
    select
        {%- for column in within %}
        coalesce(cast({{ column }} as {{ type_text() }}), '') as {{ column }},
        {%- endfor %}
        {{ starts }} as starts_on,
        {{ ends }} as ends_on
    from {{ model }}
    where {{ of_where }}
),

followed as (
    select
        {{ within | join(", ") }},
        starts_on,
        ends_on,
        lead(starts_on) over (partition by {{ within | join(", ") }} order by starts_on, ends_on nulls last) as next_starts_on
    from periods
),

problems as (
    select
        {{ within | join(", ") }},
        starts_on,
        ends_on,
        next_starts_on,
        case
            when starts_on is null or ends_on < starts_on then 'ends before it begins'
            when next_starts_on is not null and (ends_on is null or ends_on >= next_starts_on) then 'overlaps the next'
            {%- if not gaps %}
            when next_starts_on is not null and {{ days("ends_on", "next_starts_on") }} > 1 then 'a gap to the next'
            when next_starts_on is null and ends_on is not null then 'none is current'
            {%- endif %}
        end as problem
    from followed
)

select
    {{ within | join(", ") }},
    starts_on,
    ends_on,
    next_starts_on,
    problem
from problems
where problem is not null
{% endtest %}
