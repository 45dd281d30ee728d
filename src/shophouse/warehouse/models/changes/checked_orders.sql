-- One row per row of an order that counts now, of an affected order, with the reason why it may not pass. Empty in a full run.
{{ config(tags=['changes']) }}

select
    {{- checked_columns('orders') }}
from (
    {{- checked('orders', keys=ref('affected_orders'), by='order_id') | indent(4) }}
) as checked
where {{ passes_changes_on() }}
