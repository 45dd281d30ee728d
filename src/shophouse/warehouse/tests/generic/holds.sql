{# What is true of every row. Each row is one of which it is not, or of which nobody can say. #}
{% test holds(model, condition, columns) %}
select
    {{ columns | join(",\n    ") }}
from {{ model }}
where not coalesce({{ condition }}, false)
{% endtest %}
