{#
  Parts of the generic tests that are conservation laws.

  Sums over each of millions of orders are what such a test costs. So both sides are first summed over a thousand buckets of
  orders, each order with a weight of its own, so that an error is not hidden by its opposite in another order; only the orders
  of a bucket that differs are summed one by one. CTEs that are read twice would be kept whole in memory: what is read
  twice is text here.
#}

{# Which bucket a key (a bigint from 0 up) is in. #}
{% macro bucket(key) %}mod({{ key }}, 1024){% endmacro %}


{# The buckets in which the columns of `rows`, the text of a query whose two sides have opposite signs, don't sum to 0. #}
{% macro differing_buckets(rows, key, columns) %}
    {%- set weight = "cast(mod(summed." ~ key ~ ", 9973) + 1 as integer)" %}
select {{ bucket("summed." ~ key) }} as bucket
from ({{ rows }}) as summed
group by {{ bucket("summed." ~ key) }}
having
    {%- for column in columns %}
    sum(summed.{{ column }} * {{ weight }}) <> 0{% if not loop.last %} or{% endif %}
    {%- endfor %}
{% endmacro %}


{#
  What is on lines of each order's amounts, and what the order carries of them, with the opposite sign.

  among  a query of order keys: only the rows of these orders; all rows without it
#}
{% macro lines_and_headers(lines, headers, orders, amounts, among=none) %}
select
    lines.order_key as order_key,
    true as is_lines
    {%- for amount in amounts %},
    lines.allocated_{{ amount }} as {{ amount }}
    {%- endfor %}
from {{ lines }} as lines
where 1 = 1{{ is_among('lines', among) }}
union all
select
    headers.order_key as order_key,
    false as is_lines
    {%- for amount in amounts %},
    -(headers.order_{{ amount }}) as {{ amount }}
    {%- endfor %}
from {{ headers }} as headers
where headers.order_key not in (select empty.order_key from {{ orders }} as empty where empty.line_count = 0){{ is_among('headers', among) }}
{% endmacro %}


{#
  The ledger's amounts by order, and those of the facts with the opposite sign. Orders are joined to the few lines of gift cards: an engine that filters
  lines by orders keeps the keys of all orders.
#}
{% macro ledger_and_facts(ledger, orders, lines, refunds, refund_items, headers) %}
select
    ledger.order_key as order_key,
    true as is_ledger,
    ledger.total_sales_amount as total_amount,
    ledger.gross_amount as gross_amount{% if has_currencies() %},
    ledger.total_sales_amount_reporting as total_amount_reporting{% endif %}
from {{ ledger }} as ledger
union all
select
    orders.order_key as order_key,
    false as is_ledger,
    cast(case when orders.is_cancelled then 0 else orders.refund_amount - orders.total_amount end as {{ type_money() }}) as total_amount,
    cast(0 as {{ type_money() }}) as gross_amount{% if has_currencies() %},
    cast(case when orders.is_cancelled then 0 else orders.refund_amount_reporting - orders.total_amount_reporting end as {{ type_money() }}) as total_amount_reporting{% endif %}
from {{ orders }} as orders
where orders.is_sale
union all
select
    lines.order_key as order_key,
    false as is_ledger,
    cast(0 as {{ type_money() }}) as total_amount,
    cast(-(lines.quantity * lines.unit_price) as {{ type_money() }}) as gross_amount{% if has_currencies() %},
    cast(0 as {{ type_money() }}) as total_amount_reporting{% endif %}
from {{ lines }} as lines
where lines.is_sale
union all
select
    lines.order_key as order_key,
    false as is_ledger,
    cast(0 as {{ type_money() }}) as total_amount,
    lines.tax_amount as gross_amount{% if has_currencies() %},
    cast(0 as {{ type_money() }}) as total_amount_reporting{% endif %}
from {{ lines }} as lines
where lines.is_sale
    and lines.order_key in (select headers.order_key from {{ headers }} as headers where headers.has_taxes_included)
union all
select
    lines.order_key as order_key,
    false as is_ledger,
    cast(case when orders.is_sale then lines.net_amount + lines.shipping_amount + lines.tax_amount else 0 end as {{ type_money() }}) as total_amount,
    cast(0 as {{ type_money() }}) as gross_amount{% if has_currencies() %},
    cast(
        case
            when orders.is_sale
                then {{ in_reporting('lines.gross_amount', 'lines.exchange_rate') }}
                    - {{ in_reporting('lines.discount_amount', 'lines.exchange_rate') }}
                    + {{ in_reporting('lines.shipping_amount', 'lines.exchange_rate') }}
                    + {{ in_reporting('lines.tax_amount', 'lines.exchange_rate') }}
            else 0
        end as {{ type_money() }}
    ) as total_amount_reporting{% endif %}
from {{ lines }} as lines
left join {{ orders }} as orders
    on lines.order_key = orders.order_key
where lines.is_gift_card
    and not lines.is_cancelled
union all
select
    refunds.order_key as order_key,
    false as is_ledger,
    refunds.refund_amount as total_amount,
    cast(0 as {{ type_money() }}) as gross_amount{% if has_currencies() %},
    cast({{ refund_in_reporting('refunds') }} as {{ type_money() }}) as total_amount_reporting{% endif %}
from {{ refunds }} as refunds
where not refunds.has_order
union all
select
    refunds.order_key as order_key,
    false as is_ledger,
    cast(-(refund_items.refund_amount) as {{ type_money() }}) as total_amount,
    cast(0 as {{ type_money() }}) as gross_amount{% if has_currencies() %},
    cast(-({{ in_reporting('refund_items.refund_amount', 'refund_items.exchange_rate') }}) as {{ type_money() }}) as total_amount_reporting{% endif %}
from {{ refund_items }} as refund_items
inner join {{ refunds }} as refunds
    on refund_items.refund_key = refunds.refund_key
where refunds.is_sale
    and not refunds.is_cancelled
    and not refund_items.is_sale
{% endmacro %}


{# A further condition: that an order's key is one of those of the query `among`; none without one. #}
{% macro is_among(relation, among) %}{% if among is not none %}
    and {{ relation }}.order_key in ({{ among }}){% endif %}{% endmacro %}


{# One binding's staging rows: what names and orders them, their amount, and whether a newer load of their file replaced them. #}
{% macro accounted_rows(entity, binding, superseded_files) %}
    {%- set amount = amount_of(entity, "staged") %}
select
    {%- for column in accounted_columns(entity, binding) %}
    staged.{{ column }} as {{ column }},
    {%- endfor %}
    {% if amount == "null" %}cast(0 as {{ type_money() }}){% else %}coalesce(cast({{ amount }} as {{ type_money() }}), 0){% endif %} as amount,
    {% if binding["delivery"] == "upsert" %}false{% else %}superseded.source is not null{% endif %} as is_superseded
from ({{ staged(entity, binding) | indent(4) }}) as staged
    {%- if binding["delivery"] != "upsert" %}
left join {{ superseded_files }} as superseded
    on superseded.table_name = '{{ binding["raw_table"] }}'
    and staged.source = superseded.source
    and staged._load_id = superseded.load_id
    and staged._source_file = superseded.source_file
    {%- endif %}
{% endmacro %}


{% macro accounted_columns(entity, binding) %}
    {%- set columns = ["source"] + contract()[entity]["key"] + (binding.get("parent") or []) -%}
    {%- if binding.get("version") -%}{%- do columns.append(binding["version"]) -%}{%- endif -%}
    {{- return((columns + ["_load_id", "_row_number", "_source_file", "_operation"]) | unique | list) -}}
{% endmacro %}


{#
  The rows of one binding that a newer row, or a newer load of their parent, took the place of, and deletes, as relations that
  end in replaced_<n>. Appended rows stand for themselves. Of the large entities only what may have a newer row is looked at: a key that
  changes.repeated_<entity> lacks wrongly has two rows in core, which the model's test of columns finds.
#}
{% macro replaced_rows(entity, binding, superseded_files, number) %}
    {%- set key = ["source"] + contract()[entity]["key"] -%}
    {%- set parent = binding.get("parent") if binding["delivery"] == "upsert" else none -%}
    {%- set version = binding.get("version") %}
    {%- set is_listed = entity in keeps_repeated() and binding["delivery"] == "upsert" %}
    {%- set listed_key = ["source"] + repeated_key(entity) %}
{%- if is_listed %}
listed_{{ number }} as (
    select distinct {% for column in listed_key %}listed.{{ column }} as {{ column }}{% if not loop.last %}, {% endif %}{% endfor %}
    from {{ ref("repeated_" ~ entity) }} as listed
    inner join differing
        on listed.source = differing.source
),

live_{{ number }} as (
    select
        {%- for column in accounted_columns(entity, binding) %}
        staged_{{ number }}.{{ column }} as {{ column }},
        {%- endfor %}
        staged_{{ number }}.amount as amount
    from ({{ accounted_rows(entity, binding, superseded_files) | indent(4) }}) as staged_{{ number }}
    inner join listed_{{ number }} as listed
        on {% for column in listed_key %}staged_{{ number }}.{{ column }} = listed.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
    union all
    select
        {%- for column in accounted_columns(entity, binding) %}
        deleted_{{ number }}.{{ column }} as {{ column }},
        {%- endfor %}
        deleted_{{ number }}.amount as amount
    from ({{ accounted_rows(entity, binding, superseded_files) | indent(4) }}) as deleted_{{ number }}
    inner join differing
        on deleted_{{ number }}.source = differing.source
    left join listed_{{ number }} as listed
        on {% for column in listed_key %}deleted_{{ number }}.{{ column }} = listed.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
    where deleted_{{ number }}._operation = 'delete'
        and listed.source is null
),
{%- else %}
live_{{ number }} as (
    select
        {%- for column in accounted_columns(entity, binding) %}
        staged_{{ number }}.{{ column }} as {{ column }},
        {%- endfor %}
        staged_{{ number }}.amount as amount
    from ({{ accounted_rows(entity, binding, superseded_files) | indent(4) }}) as staged_{{ number }}
    inner join differing
        on staged_{{ number }}.source = differing.source
    where not staged_{{ number }}.is_superseded
),
{%- endif %}

several_{{ number }} as (
    select
        {{ key | join(",\n        ") }}
    from live_{{ number }}
    {%- if binding["delivery"] == "append" %}
    where 1 = 0
    {%- endif %}
    group by
        {{ key | join(",\n        ") }}
    having count(*) > 1
),

versions_{{ number }} as (
    select
        {%- for column in accounted_columns(entity, binding) %}
        live_{{ number }}.{{ column }} as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from live_{{ number }}
    inner join several_{{ number }}
        on {% for column in key %}live_{{ number }}.{{ column }} = several_{{ number }}.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
),

older_{{ number }} as (
    select distinct
        older._load_id as _load_id,
        older._source_file as _source_file,
        older._row_number as _row_number,
        older.source as source
    from versions_{{ number }} as older
    inner join versions_{{ number }} as newer
        on {% for column in key %}older.{{ column }} = newer.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
    where
        {%- set by_load = "(newer._load_id > older._load_id or (newer._load_id = older._load_id and (newer._source_file > older._source_file or (newer._source_file = older._source_file and newer._row_number > older._row_number))))" %}
        {%- if version %}
        newer.{{ version }} > older.{{ version }}
        or (newer.{{ version }} is not null and older.{{ version }} is null)
        or (
            (newer.{{ version }} = older.{{ version }} or (newer.{{ version }} is null and older.{{ version }} is null))
            and {{ by_load }}
        )
        {%- else %}
        {{ by_load }}
        {%- endif %}
),
{% if parent %}
sent_again_{{ number }} as (
    select
        {{ (["source"] + parent) | join(",\n        ") }},
        max(_load_id) as newest_load_id
    from live_{{ number }}
    group by
        {{ (["source"] + parent) | join(",\n        ") }}
    having min(_load_id) <> max(_load_id)
),
{% endif %}
replaced_{{ number }} as (
    select
        live_{{ number }}.source as source,
        live_{{ number }}.amount as amount
    from live_{{ number }}
    left join older_{{ number }} as older
        on live_{{ number }}.source = older.source
        and live_{{ number }}._load_id = older._load_id
        and live_{{ number }}._source_file = older._source_file
        and live_{{ number }}._row_number = older._row_number
    {%- if parent %}
    left join sent_again_{{ number }} as sent_again
        on {% for column in ["source"] + parent %}live_{{ number }}.{{ column }} = sent_again.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
    {%- endif %}
    where older.source is not null
        {%- if parent %}
        or live_{{ number }}._load_id < sent_again.newest_load_id
        {%- endif %}
        or live_{{ number }}._operation = 'delete'
)
{%- endmacro %}


{# Bindings of other entities that hold the rest of the same raw tables' rows. #}
{% macro other_parts(entity, covering) %}
    {%- set tables = covering | selectattr("covers", "eq", "part") | map(attribute="raw_table") | list -%}
    {%- set found = [] -%}
    {%- for other, bound in shophouse_bindings()["entities"].items() if other != entity -%}
        {%- for binding in bound if binding["covers"] == "part" and binding["raw_table"] in tables -%}
            {%- do found.append(binding) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
