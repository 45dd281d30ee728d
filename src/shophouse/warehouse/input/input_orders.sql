{{ input('orders') }}
