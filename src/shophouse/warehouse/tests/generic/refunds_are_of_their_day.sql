{#
  The book of events has a refund on the day of the refund, not of its order. Each row is an event on another day.

  refunds  the refunds with their refunded_date
#}
{% test refunds_are_of_their_day(model, refunds) %}
select
    ledger.refund_key as refund_key,
    ledger.order_key as order_key,
    ledger.event_date as event_date,
    refunds.refunded_date as refunded_date
from {{ model }} as ledger
left join {{ refunds }} as refunds
    on ledger.refund_key = refunds.refund_key
where ledger.event_kind = 'refund'
    and (refunds.refund_key is null or ledger.event_date <> refunds.refunded_date)
{% endtest %}
