{#
  A person's valid orders are numbered from 1 without gap or tie, and one of them is the first. Each row is a person of whom that is not so;
  null: all persons together. An incremental run looks at the persons of whom it wrote an order; the numbers and first orders of all persons have the
  sums that the numbers of their orders tell.

  persons  one row per person with an order, with valid_order_count
#}
{% test orders_are_numbered(model, persons) %}
    {%- set written = shophouse.written_keys([model], "person_key") %}
select
    person_key,
    cast(count(*) as bigint) as order_count,
    cast(max(order_sequence) as bigint) as last_number,
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
union all
select
    cast(null as bigint) as person_key,
    numbered.order_count as order_count,
    numbered.number_sum as last_number,
    counted.double_sum as number_count,
    numbered.first_order_count as first_order_count
from (
    select
        cast(count(*) as bigint) as order_count,
        cast(coalesce(sum(order_sequence), 0) as bigint) as number_sum,
        cast(coalesce(sum(case when is_first_order then 1 else 0 end), 0) as bigint) as first_order_count
    from {{ model }}
    where is_valid
) as numbered
cross join (
    select
        cast(coalesce(sum(valid_order_count), 0) as bigint) as order_count,
        cast(coalesce(sum(valid_order_count * (valid_order_count + 1)), 0) as bigint) as double_sum,
        cast(coalesce(sum(case when valid_order_count > 0 then 1 else 0 end), 0) as bigint) as person_count
    from {{ persons }}
) as counted
where numbered.order_count <> counted.order_count
    or 2 * numbered.number_sum <> counted.double_sum
    or numbered.first_order_count <> counted.person_count
union all
select
    person_key,
    cast(1 as bigint) as order_count,
    cast(order_sequence as bigint) as last_number,
    cast(0 as bigint) as number_count,
    cast(1 as bigint) as first_order_count
from {{ model }}
where is_first_order
    and not is_valid
{% endtest %}
