{# The SQL type of a contract type. Every engine takes these names as they are, or overrides type_timestamp, type_text. #}
{% macro type_of(name) %}
    {%- set types = {
        "text": shophouse.type_text(),
        "money": shophouse.type_money(),
        "quantity": "decimal(18, 4)",
        "rate": "decimal(18, 8)",
        "integer": "integer",
        "bigint": "bigint",
        "boolean": "boolean",
        "double": "double precision",
        "date": "date",
        "timestamp": shophouse.type_timestamp()
    } -%}
    {%- if name not in types -%}
        {{ exceptions.raise_compiler_error("unknown type '" ~ name ~ "'; use one of " ~ types.keys() | join(", ")) }}
    {%- endif -%}
    {{- types[name] -}}
{% endmacro %}

{# Money: four decimals, so that unit prices of tenths of a cent survive. #}
{% macro type_money() %}decimal(18, 4){% endmacro %}

{# Sums of money: wide enough for every line of a large shop. #}
{% macro type_money_sum() %}decimal(28, 4){% endmacro %}

{% macro type_text() %}{{ return(adapter.dispatch("type_text", "shophouse")()) }}{% endmacro %}
{% macro default__type_text() %}varchar{% endmacro %}

{# UTC, microseconds, without a zone. #}
{% macro type_timestamp() %}{{ return(adapter.dispatch("type_timestamp", "shophouse")()) }}{% endmacro %}
{% macro default__type_timestamp() %}timestamp{% endmacro %}
