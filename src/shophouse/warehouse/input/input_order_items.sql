{{ input('order_items') }}
