{#
  Conservation law 3, money: where an order has payments, no more goes back than was captured, neither by the refunds nor by the
  payments' own refund transactions. Each row is an order of which more was paid back. Where nothing went back there is nothing to compare:
  payments are summed of the other orders alone, and in an incremental run of those of which that run wrote the order or a payment.

  model     the orders
  payments  the payment transactions
#}
{% test refunds_within_payments(model, payments) %}
    {%- set written = shophouse.written_keys([model, payments], "order_key") %}
with

moved as (
    select
        order_key,
        cast(sum(case when captured_amount > 0 then captured_amount else 0 end) as {{ type_money_sum() }}) as captured_amount,
        cast(sum(case when captured_amount < 0 then -(captured_amount) else 0 end) as {{ type_money_sum() }}) as returned_amount
    from {{ payments }}
    where {% if written is not none %}order_key in ({{ written }})
        and {% endif %}order_key in (
            select orders.order_key
            from {{ model }} as orders
            where orders.refund_amount > 0
            union all
            select back.order_key
            from {{ payments }} as back
            where back.captured_amount < 0
        )
    group by order_key
)

select
    moved.order_key as order_key,
    moved.captured_amount as captured_amount,
    moved.returned_amount as returned_amount,
    orders.refund_amount as refund_amount
from moved
inner join {{ model }} as orders
    on moved.order_key = orders.order_key
where orders.refund_amount > moved.captured_amount
    or moved.returned_amount > moved.captured_amount
{% endtest %}
