{#
  The verbs in which engines differ. Each says its meaning, what it does with nulls, and the type returned; an engine that
  needs other SQL defines <engine>__<verb> in engines/<engine>/dialect.sql. Everything else in this project is plain SQL that
  all engines read alike.
#}

{# Calculation in double: null when b is 0 or null. Rates only, never money. 0 is added because 0 divided by a negative number is -0. Returns double. #}
{% macro ratio(a, b) %}(cast({{ a }} as double precision) / nullif(cast({{ b }} as double precision), 0) + 0){% endmacro %}

{# A quotient of money rounded half away from zero to four decimals; null when b is 0 or null. Returns money. #}
{% macro money_per(a, b) %}{{ return(adapter.dispatch("money_per", "shophouse")(a, b)) }}{% endmacro %}
{% macro default__money_per(a, b) %}cast(round(cast({{ a }} as decimal(38, 10)) / nullif(cast({{ b }} as decimal(18, 4)), 0), 4) as {{ shophouse.type_money() }}){% endmacro %}

{# The sum of money over a group; null for no rows. Returns decimal(28, 4). #}
{% macro sum_money(x) %}cast(sum({{ x }}) as {{ shophouse.type_money_sum() }}){% endmacro %}

{# The sum of whole numbers over a group; null for no rows. Returns bigint. #}
{% macro sum_count(x) %}cast(sum({{ x }}) as bigint){% endmacro %}

{# Whole days from a to b (dates or timestamps): midnights crossed, negative when b is before a. Returns bigint. #}
{% macro days(a, b) %}cast(({{ dbt.datediff(a, b, "day") }}) as integer){% endmacro %}

{# Calendar months from a to b: firsts of a month crossed. Returns integer. #}
{% macro months(a, b) %}cast(({{ dbt.datediff(a, b, "month") }}) as integer){% endmacro %}

{# The first day of the period (day, week from Monday, month, quarter, year) that d is in. Returns date. #}
{% macro date_trunc_date(part, d) %}{{ return(adapter.dispatch("date_trunc_date", "shophouse")(part, d)) }}{% endmacro %}
{% macro default__date_trunc_date(part, d) %}cast({{ dbt.date_trunc(part, d) }} as date){% endmacro %}

{# The date n days after d. Returns date. #}
{% macro add_days(d, n) %}cast({{ dbt.dateadd("day", n, d) }} as date){% endmacro %}

{# The date n months after d. Returns date. #}
{% macro add_months(d, n) %}cast({{ dbt.dateadd("month", n, d) }} as date){% endmacro %}

{# The moment n days after a timestamp. Returns timestamp. #}
{% macro add_days_at(t, n) %}cast({{ dbt.dateadd("day", n, t) }} as {{ shophouse.type_timestamp() }}){% endmacro %}

{# The timestamp n seconds after t; n a whole number. Returns timestamp. #}
{% macro add_seconds(t, n) %}{{ return(adapter.dispatch("add_seconds", "shophouse")(t, n)) }}{% endmacro %}
{% macro default__add_seconds(t, n) %}cast({{ dbt.dateadd("second", n, t) }} as {{ shophouse.type_timestamp() }}){% endmacro %}

{# Seconds from a to b, timestamps: ticks of the clock between them, negative when b is before a. Returns bigint. #}
{% macro seconds_between(a, b) %}cast(({{ dbt.datediff(a, b, "second") }}) as bigint){% endmacro %}

{# Microseconds from 1970-01-01 to a timestamp, negative before. Returns bigint. #}
{% macro microseconds_at(t) %}{{ return(adapter.dispatch("microseconds_at", "shophouse")(t)) }}{% endmacro %}
{% macro default__microseconds_at(t) %}cast(round(to_unixtime({{ t }}) * 1000000) as bigint){% endmacro %}

{# Monday 1 to Sunday 7. Returns integer. #}
{% macro iso_dow(d) %}{{ return(adapter.dispatch("iso_dow", "shophouse")(d)) }}{% endmacro %}
{% macro default__iso_dow(d) %}cast(extract(isodow from {{ d }}) as integer){% endmacro %}

{# The quotient of two non-negative whole numbers, rounded down. Returns bigint. #}
{% macro whole_quotient(a, b) %}{{ return(adapter.dispatch("whole_quotient", "shophouse")(a, b)) }}{% endmacro %}
{% macro default__whole_quotient(a, b) %}(({{ a }}) / ({{ b }})){% endmacro %}

{# A cast that gives null where the text is not such a value, written plainly: digits, ISO dates and times, true and false. Not named as dbt's own, which its unit tests would then find. #}
{% macro text_as(expression, type) %}case when {{ shophouse.matches(expression, shophouse.plain_form(type)) }} then {{ shophouse.cast_or_null(expression, type) }} end{% endmacro %}

{# How the values of a type are written. Engines take more, each something else: 1.5 as an integer, today as a date. #}
{% macro plain_form(type) %}
    {%- set forms = {
        "integer": "^[+-]?[0-9]+$",
        "bigint": "^[+-]?[0-9]+$",
        "decimal": "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)$",
        "double precision": "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$",
        "boolean": "^(true|false)$",
        "date": "^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]$",
        "timestamp": "^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]([ T][0-9][0-9]:[0-9][0-9](:[0-9][0-9]([.][0-9]+)?)?)?$"
    } -%}
    {%- set kind = type.split("(")[0] -%}
    {%- if kind not in forms -%}
        {{ exceptions.raise_compiler_error("text_as: unknown type '" ~ type ~ "'; use one of " ~ forms.keys() | join(", ")) }}
    {%- endif -%}
    {{- return(forms[kind]) -}}
{% endmacro %}

{# A cast that gives null instead of an error. For text_as: what is no error differs between engines. #}
{% macro cast_or_null(expression, type) %}{{ return(adapter.dispatch("cast_or_null", "shophouse")(expression, type)) }}{% endmacro %}
{% macro default__cast_or_null(expression, type) %}try_cast({{ expression }} as {{ type }}){% endmacro %}

{# The text at a dotted path of a JSON text; null where there is none. Returns text. #}
{% macro json_text(column, path) %}{{ return(adapter.dispatch("json_text", "shophouse")(column, path)) }}{% endmacro %}
{% macro default__json_text(column, path) %}json_extract_scalar({{ column }}, '$.{{ path }}'){% endmacro %}

{#
  The rows of a relation once for each element of the JSON array in a text column: `columns`, and `element` for json_text. Rows whose
  text is null, no JSON, no array or an empty one are left out. Returns a subquery: from {{ elements_of("orders", "items", ["order_id"]) }} as items.
#}
{% macro elements_of(relation, column, columns) %}{{ return(adapter.dispatch("elements_of", "shophouse")(relation, column, columns)) }}{% endmacro %}
{% macro default__elements_of(relation, column, columns) %}
    {{- exceptions.raise_compiler_error("elements_of: the engine has no implementation. Add <engine>__elements_of to engines/<engine>/dialect.sql") }}
{%- endmacro %}

{# Whether the text has a match of the regular expression (character classes, quantifiers and anchors only). #}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch("matches", "shophouse")(text, pattern)) }}{% endmacro %}
{% macro default__matches(text, pattern) %}regexp_like({{ text }}, '{{ pattern }}'){% endmacro %}

{# A wall-clock time in the named zone as UTC; the expression itself when the zone is UTC. Returns timestamp. #}
{% macro to_utc(expression, zone) %}
    {%- if zone == "'UTC'" -%}{{ expression }}{%- else -%}{{ return(adapter.dispatch("to_utc", "shophouse")(expression, zone)) }}{%- endif -%}
{% endmacro %}
{% macro default__to_utc(expression, zone) %}cast(({{ expression }} at time zone {{ zone }}) at time zone 'UTC' as {{ shophouse.type_timestamp() }}){% endmacro %}

{# A UTC timestamp as the wall-clock time in the named zone. Returns timestamp. #}
{% macro to_local(expression, zone) %}
    {%- if zone == "'UTC'" -%}{{ expression }}{%- else -%}{{ return(adapter.dispatch("to_local", "shophouse")(expression, zone)) }}{%- endif -%}
{% endmacro %}
{% macro default__to_local(expression, zone) %}cast(({{ expression }} at time zone 'UTC') at time zone {{ zone }} as {{ shophouse.type_timestamp() }}){% endmacro %}

{# The local day of a UTC timestamp in the named zone. Returns date. #}
{% macro local_date(expression, zone) %}cast({{ shophouse.to_local(expression, zone) }} as date){% endmacro %}

{# True of every row, null or not: a filter on the few values of a column that a large table is looked up by, where an engine wants one before it reads less of that table. #}
{% macro tells_scans(column) %}{{ return(adapter.dispatch("tells_scans", "shophouse")(column)) }}{% endmacro %}
{% macro default__tells_scans(column) %}1 = 1{% endmacro %}

{# The first 60 bits of the md5 of a text, as a bigint: the same on every engine. #}
{% macro hash_key(text) %}{{ return(adapter.dispatch("hash_key", "shophouse")(text)) }}{% endmacro %}
{% macro default__hash_key(text) %}cast('0x' || substr(md5({{ text }}), 1, 15) as bigint){% endmacro %}


{#
  Whether whole numbers of a group may repeat: never false when they do. The sum of distinct powers of two has as many bits as
  there are numbers; numbers beyond 40 and negative ones count as repeated.
#}
{% macro may_repeat(number) %}(max({{ number }}) > 40 or min({{ number }}) < 0 or {{ shophouse.bits_set("cast(sum(case when " ~ number ~ " between 0 and 40 then " ~ shophouse.power_of_two(number) ~ " else 0 end) as bigint)") }} <> count(*)){% endmacro %}

{# How many bits of a bigint ≥ 0 are set. Returns a whole number. #}
{% macro bits_set(number) %}{{ return(adapter.dispatch("bits_set", "shophouse")(number)) }}{% endmacro %}
{% macro default__bits_set(number) %}bit_count({{ number }}, 64){% endmacro %}

{# 2 to the power of a whole number from 0 to 62. Returns bigint. #}
{% macro power_of_two(number) %}{{ return(adapter.dispatch("power_of_two", "shophouse")(number)) }}{% endmacro %}
{% macro default__power_of_two(number) %}bitwise_left_shift(cast(1 as bigint), {{ number }}){% endmacro %}
