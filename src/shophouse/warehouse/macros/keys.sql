{#
  The surrogate key of a row: the first 60 bits of md5('part|part|…') as a bigint. Parts are text or whole numbers; a null
  part counts as empty. Hash where an entity is defined and carry the key through joins.
#}
{% macro surrogate_key(parts) %}
    {%- set texts = [] -%}
    {%- for part in parts -%}{%- do texts.append("coalesce(cast(" ~ part ~ " as " ~ shophouse.type_text() ~ "), '')") -%}{%- endfor -%}
    {{- shophouse.hash_key(texts | join(" || '|' || ")) -}}
{% endmacro %}

{# The key of every dimension's unknown member. No key in a fact is null. #}
{% macro unknown_key() %}cast(0 as bigint){% endmacro %}

{# The key of what a row names by source and id, or the unknown member's where it names none. #}
{% macro key_or_unknown(source, id) -%}
case when {{ id }} is null then {{ unknown_key() }} else {{ surrogate_key([source, id]) }} end
{%- endmacro %}

{#
  One row for each pair of source and id in a relation, with its key: hashed once for each, not for each row that names it.

  relation  a CTE with the columns `source` and `id`
  key       what the key is called
#}
{% macro keys_of(relation, source, id, key) -%}
    select
        named.{{ source }} as {{ source }},
        named.{{ id }} as {{ id }},
        {{ surrogate_key(["named." ~ source, "named." ~ id]) }} as {{ key }}
    from (
        select distinct
            {{ relation }}.{{ source }},
            {{ relation }}.{{ id }}
        from {{ relation }}
        where {{ relation }}.{{ id }} is not null
    ) as named
{%- endmacro %}
