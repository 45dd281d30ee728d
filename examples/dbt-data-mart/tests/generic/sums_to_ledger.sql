{# The column sums to the ledger's net sales, or to another of its columns. Each row is a difference. #}
{% test sums_to_ledger(model, column_name, ledger_column='net_sales_amount') %}
with

here as (
    select coalesce(sum({{ column_name }}), 0) as total
    from {{ model }}
),

ledger as (
    select coalesce(sum({{ ledger_column }}), 0) as total
    from {{ ref('fct_sales_ledger') }}
)

select
    here.total as total_here,
    ledger.total as total_of_ledger
from here
cross join ledger
where here.total <> ledger.total
{% endtest %}
