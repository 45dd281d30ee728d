-- One row per person whose lines this run may have changed, or who bought what is in another category now. Empty in a full run. Categories are compared with
-- those that the sums were made of last. Of runs that came to no end all are kept until one does.
{{ config(tags=['changes']) }}
{%- set followed = as_built('changes', 'followed_categories') %}

with

watermark as (
    {{ watermark() }}
),

affected_persons as (
    select person_key
    from {{ ref('affected_persons') }}
),

products as (
    select
        product_key,
        category_key
    from {{ ref('dim_product') }}
),

lines as (
    select
        product_key,
        person_key
    from {{ ref('fct_order_items') }}
),
{% if followed %}
moved_products as (
    select products.product_key as product_key
    from products
    left join {{ followed }} as followed
        on products.product_key = followed.product_key
    where followed.product_key is null
        or followed.category_key <> products.category_key
),
{% endif %}
persons as (
    select person_key
    from affected_persons
    {%- if followed %}
    union
    select lines.person_key as person_key
    from lines
    inner join moved_products
        on lines.product_key = moved_products.product_key
    {%- endif %}
    {{- union_unfinished(['person_key']) }}
)

select
    persons.person_key as person_key,
    watermark.load_sum as load_sum
from persons
cross join watermark
where {{ passes_changes_on() }}
