{#
  What a payment moved has the sign of its kind: nothing for what only reserves or gives up. Each row is a kind with how much is wrong.

  kinds  the kinds of transaction with their captured_sign
#}
{% test captured_as_its_kind(model, kinds) %}
select
    payments.payment_kind as payment_kind,
    cast(count(*) as bigint) as payment_count,
    {{ sum_money("payments.captured_amount") }} as captured_amount
from {{ model }} as payments
inner join {{ kinds }} as kinds
    on payments.payment_kind = kinds.kind
where payments.captured_amount <> 0
    and payments.captured_amount <> payments.payment_amount * kinds.captured_sign
group by payments.payment_kind
{% endtest %}
