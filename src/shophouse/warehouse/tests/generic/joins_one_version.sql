{#
  Conservation law 10: each row of a fact joins exactly one version of its member, that which is valid at its event. Each row is a
  member and a moment that do not, with how many versions they find.

  history  the versions: type-2 rows with valid_from and valid_to
  key      the durable key of the member, on both sides
  at       the moment of the event
  of       the models that the versions are read from. Where an incremental run changes all of them and the fact by affected keys, it looks at the
           members of whom it wrote a version or a row of the fact; of all others both were proved before
#}
{% test joins_one_version(model, history, key, at, of=[]) %}
    {%- set parts = [] -%}
    {%- for name in of -%}{%- do parts.append(ref(name)) -%}{%- endfor -%}
    {%- set written = shophouse.written_keys([model] + parts, key) if of else none %}
    {%- set is_looked_at = "1 = 1" if written is none else key ~ " in (select written." ~ key ~ " from written)" %}
with
{% if written is not none %}
written as (
    {{ written }}
),
{% endif %}
-- A member whose only version is always valid is found once, whatever the moment.
always as (
    select {{ key }}
    from {{ history }}
    where {{ is_looked_at }}
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
    where (always.{{ key }} is null or facts.{{ at }} is null)
        and {{ "1 = 1" if written is none else "facts." ~ is_looked_at }}
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
