{# Conservation law 3, goods: no line has more units refunded than ordered. Each row is such a line. #}
{% test refunds_within_lines(model) %}
select
    order_key,
    line_number,
    quantity,
    refunded_quantity
from {{ model }}
where refunded_quantity > quantity
    and refunded_quantity > 0
{% endtest %}
