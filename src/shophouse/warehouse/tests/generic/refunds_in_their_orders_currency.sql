{#
  A refund that names a currency names that of its order: else its amount would be taken for another currency's. Each row is a
  pair of currencies, with the refunds and their money.

  refunds  the refunds as they came, with the currency that they name
#}
{% test refunds_in_their_orders_currency(model, refunds) %}
select
    given.currency_code as refund_currency_code,
    facts.currency_code as order_currency_code,
    cast(count(*) as bigint) as row_count,
    {{ sum_money("given.amount") }} as amount,
    'refunds are in the currency of their order: convert their amounts in staging, or leave their currency out' as problem
from {{ refunds }} as given
inner join {{ model }} as facts
    on given.source = facts.source
    and given.refund_id = facts.refund_id
where given.currency_code <> facts.currency_code
group by
    given.currency_code,
    facts.currency_code
{% endtest %}
