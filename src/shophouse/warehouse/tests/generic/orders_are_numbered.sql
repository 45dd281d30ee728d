{#
  A person's valid orders are numbered from 1 without gap or tie, and one of them is the first. Each row is a person of whom that is not so.
  In an incremental run ties are looked for among the persons of whom that run wrote an order; of all others the numbers have the right sum.
#}
{% test orders_are_numbered(model) %}
    {%- set written = shophouse.written_keys([model], "person_key") %}
select
    person_key,
    cast(count(*) as bigint) as order_count,
    max(order_sequence) as last_number,
    cast(count(distinct order_sequence) as bigint) as number_count,
    cast(sum(case when is_first_order then 1 else 0 end) as bigint) as first_order_count
from {{ model }}
where is_valid
    {%- if written is not none %}
    and person_key in ({{ written }})
    {%- endif %}
group by person_key
having min(order_sequence) <> 1
    or max(order_sequence) <> count(*)
    or count(distinct order_sequence) <> count(*)
    or sum(case when is_first_order then 1 else 0 end) <> 1
{%- if written is not none %}
union all
select
    person_key,
    cast(count(*) as bigint) as order_count,
    max(order_sequence) as last_number,
    cast(null as bigint) as number_count,
    cast(sum(case when is_first_order then 1 else 0 end) as bigint) as first_order_count
from {{ model }}
where is_valid
group by person_key
having min(order_sequence) <> 1
    or max(order_sequence) <> count(*)
    or 2 * sum(order_sequence) <> count(*) * (count(*) + 1)
    or sum(case when is_first_order then 1 else 0 end) <> 1
{%- endif %}
union all
select
    person_key,
    cast(1 as bigint) as order_count,
    order_sequence as last_number,
    cast(0 as bigint) as number_count,
    cast(1 as bigint) as first_order_count
from {{ model }}
where is_first_order
    and not is_valid
{% endtest %}
