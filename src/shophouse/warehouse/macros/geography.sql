{#
  The natural id of a place where the source has none: its parts in one text, null when none is known. Equal parts give
  equal ids, so that addresses, customers and sellers meet in one row of the entity geography.
#}
{% macro geography_id(country_code, state, postal_code, city) -%}
    {%- set parts = [country_code, state, postal_code, city] -%}
    {%- set texts = [] -%}
    {%- for part in parts -%}{%- do texts.append("coalesce(" ~ part ~ ", '')") -%}{%- endfor -%}
    case when coalesce({{ parts | join(", ") }}) is not null then {{ texts | join(" || '|' || ") }} end
{%- endmacro %}
