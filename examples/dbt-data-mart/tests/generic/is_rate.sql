{# A share is between 0 and 1, or null. Each row is one that isn't. #}
{% test is_rate(model, column_name) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < 0
    or {{ column_name }} > 1
{% endtest %}
