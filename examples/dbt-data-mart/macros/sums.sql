{# The columns of money that every fact of mart/facts has, summed from the ledger: signs as in the ledger turned positive. #}
{% macro ledger_sums(ledger) %}
    {{ shophouse.sum_money(ledger ~ '.gross_amount') }} as gross_amount,
    {{ shophouse.sum_money('-' ~ ledger ~ '.discount_amount') }} as discount_amount,
    {{ shophouse.sum_money('-(' ~ ledger ~ '.return_amount + ' ~ ledger ~ '.cancellation_amount)') }} as taken_back_amount,
    {{ shophouse.sum_money(ledger ~ '.net_sales_amount') }} as net_sales_amount
{%- endmacro %}
