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
