{#
  Conservation law 10: each row of a fact joins exactly one version of its member, that which is valid at its event. Each row is a
  member and a moment that do not, with how many versions they find.

  history  the versions: type-2 rows with valid_from and valid_to
  key      the durable key of the member, on both sides
  at       the moment of the event
#}
{% test joins_one_version(model, history, key, at) %}
with

-- A member whose only version is always valid is found once, whatever the moment.
always as (
    select {{ key }}
    from {{ history }}
    group by {{ key }}
    having count(*) = 1
        and min(valid_from) = {{ beginning_of_time() }}
        and max(valid_to) = {{ end_of_time() }}
),

moments as (
    select
        facts.{{ key }} as {{ key }},
        facts.{{ at }} as happened_at,
        count(*) as row_count
    from {{ model }} as facts
    left join always
        on facts.{{ key }} = always.{{ key }}
    where always.{{ key }} is null
        or facts.{{ at }} is null
    group by
        facts.{{ key }},
        facts.{{ at }}
)

select
    moments.{{ key }} as {{ key }},
    moments.happened_at as happened_at,
    min(moments.row_count) as row_count,
    count(versions.{{ key }}) as version_count
from moments
left join {{ history }} as versions
    on moments.{{ key }} = versions.{{ key }}
    and moments.happened_at >= versions.valid_from
    and moments.happened_at < versions.valid_to
group by
    moments.{{ key }},
    moments.happened_at
having count(versions.{{ key }}) <> 1
{% endtest %}
