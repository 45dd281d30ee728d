{#
  Conservation law 6: what was there in the morning, with what came and went, is there in the evening, and the next morning.
  Each row is a day of a product at a place for which that doesn't hold, and what is wrong with it.

  within   the columns that name a stock
  along    its days, without a gap
  opening, closing  the columns that hold what is there
  added, taken  the columns by which it grows and shrinks
  unexplained   the column of what a count found more; 0 on days without a count, which `counted` says
#}
{% test stock_law(model, within, along, opening, closing, added, taken, unexplained, counted) %}
with

days as (
    select
        {{ within | join(", ") }},
        {{ along }} as stock_day,
        {{ opening }} as opening,
        {{ closing }} as closing,
        {{ added | join(" + ") }} - ({{ taken | join(" + ") }}) as moved,
        {{ unexplained }} as unexplained,
        {{ counted }} as is_counted,
        lag({{ closing }}) over (partition by {{ within | join(", ") }} order by {{ along }}) as closing_before,
        lag({{ along }}) over (partition by {{ within | join(", ") }} order by {{ along }}) as day_before
    from {{ model }}
),

problems as (
    select
        {{ within | join(", ") }},
        stock_day,
        case
            when opening + moved + unexplained <> closing then 'the day does not add up'
            when unexplained <> 0 and not is_counted then 'a difference without a count'
            when day_before is not null and {{ days("day_before", "stock_day") }} <> 1 then 'a day is missing'
            when closing_before is not null and closing_before <> opening then 'the morning is not the evening before'
            when opening is null or closing is null or moved is null or unexplained is null then 'null'
        end as problem,
        opening,
        moved,
        unexplained,
        closing
    from days
)

select
    {{ within | join(", ") }},
    stock_day,
    problem,
    opening,
    moved,
    unexplained,
    closing
from problems
where problem is not null
{% endtest %}
