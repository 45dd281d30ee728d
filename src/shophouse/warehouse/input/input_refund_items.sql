{{ input('refund_items') }}
