-- One row per row of a payment that counts now, of an affected order, with the reason why it may not pass. Empty in a full run.
{{ config(tags=['changes']) }}

select
    {{- checked_columns('payments') }}
from (
    {{- checked('payments', keys=ref('affected_orders'), by='order_id') | indent(4) }}
) as checked
where {{ passes_changes_on() }}
