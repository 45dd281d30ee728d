{# Sums over the ledger are sums of one currency, the shop's, for there are no exchange rates yet. Each row is another currency with its rows. #}
{% test only_currency(model, column) %}
select
    {{ column }} as currency_code,
    cast(count(*) as bigint) as row_count
from {{ model }}
where {{ column }} <> {{ shop_currency() }}
    or {{ column }} is null
group by {{ column }}
{% endtest %}
