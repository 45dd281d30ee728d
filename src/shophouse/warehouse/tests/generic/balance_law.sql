{#
  A balance is what came before it and what moved: the first day opens with nothing, each later one with what the day before
  closed with, and closing is opening plus what was added less what was taken. Each row is a day of which that isn't so.

  day, opening, closing  columns
  added, taken           expressions
#}
{% test balance_law(model, day, opening, added, taken, closing) %}
with

days as (
    select
        {{ day }} as day_here,
        {{ opening }} as opening,
        {{ added }} as added,
        {{ taken }} as taken,
        {{ closing }} as closing,
        lag({{ closing }}) over (order by {{ day }}) as closed_before,
        lag({{ day }}) over (order by {{ day }}) as day_before
    from {{ model }}
),

problems as (
    select
        day_here,
        opening,
        added,
        taken,
        closing,
        case
            when opening <> coalesce(closed_before, 0) then 'does not open with what the day before closed with'
            when opening + added - taken <> closing then 'closes with something else than what moved'
            when {{ days('day_before', 'day_here') }} > 1 then 'a day is missing before it'
        end as problem
    from days
)

select
    day_here,
    opening,
    added,
    taken,
    closing,
    problem
from problems
where problem is not null
{% endtest %}
