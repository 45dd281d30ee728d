{# A sum of money, typed: engines differ in the type that sum gives. #}
{% macro total(amount) %}cast(sum({{ amount }}) as decimal(28, 4)){% endmacro %}

{# The amounts that every fact of mart/facts has, summed from the ledger, where what is taken off or back is negative. #}
{% macro ledger_sums(ledger) %}
    {{ total(ledger ~ '.gross_amount') }} as gross_amount,
    {{ total('-' ~ ledger ~ '.discount_amount') }} as discount_amount,
    {{ total('-(' ~ ledger ~ '.return_amount + ' ~ ledger ~ '.cancellation_amount)') }} as taken_back_amount,
    {{ total(ledger ~ '.net_sales_amount') }} as net_sales_amount
{%- endmacro %}
