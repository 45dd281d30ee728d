{# What shophouse.yml says, as macros. shophouse_bindings is generated into the shop's folder. #}

{# Whether a source of the shop uses this platform: its staging models are built only then. #}
{% macro uses_platform(platform) %}{{ return(platform in shophouse_bindings()["platforms"]) }}{% endmacro %}

{# The zone of a platform's times: a literal where all of its sources agree, else the column that raw carries. Returns SQL. #}
{% macro source_timezone(platform) %}
    {%- set zone = shophouse_bindings()["platforms"].get(platform, {}).get("timezone") -%}
    {{- return("'" ~ zone ~ "'" if zone else "_timezone") -}}
{% endmacro %}

{# Whether any source of the shop has the entity. #}
{% macro has_entity(entity) %}{{ return(shophouse_bindings()["entities"].get(entity, []) | length > 0) }}{% endmacro %}

{# The shop's own time zone, a literal. Returns SQL. #}
{% macro shop_timezone() %}{{ return("'" ~ shophouse_bindings()["timezone"] ~ "'") }}{% endmacro %}

{# The currency that the shop reports in, a literal. Returns SQL. #}
{% macro shop_currency() %}{{ return("'" ~ shophouse_bindings()["currency"] ~ "'") }}{% endmacro %}


{# The names of the shop's sources, sorted. #}
{% macro shop_sources() %}
    {%- set names = [] -%}
    {%- for platform in shophouse_bindings()["platforms"].values() %}{% do names.extend(platform["sources"]) %}{% endfor -%}
    {{- return(names | unique | sort) -}}
{% endmacro %}


{# What shophouse.yml, or its default, says under a section: calendar, attribution or stock. Returns the value. #}
{% macro shop_setting(section, name) %}{{ return(shophouse_bindings()[section][name]) }}{% endmacro %}


{#
  The source whose rows of an entity a column of sources means. Visits, stock or spend may come from a system that has no
  products or accounts of its own, and names those of the shop: where one source alone has the entity, its rows are meant.
  Returns SQL.
#}
{% macro source_of(column, entity) %}
    {%- set owners = [] -%}
    {%- for binding in shophouse_bindings()["entities"].get(entity, []) -%}
        {%- do owners.extend(shophouse_bindings()["platforms"][binding["platform"]]["sources"]) -%}
    {%- endfor -%}
    {%- set others = shop_sources() | reject("in", owners) | list -%}
    {%- if owners | unique | list | length == 1 and others -%}
        case when {{ column }} in ('{{ others | join("', '") }}') then '{{ owners[0] }}' else {{ column }} end
    {%- else -%}
        {{ column }}
    {%- endif -%}
{% endmacro %}
