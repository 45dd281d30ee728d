-- One row per day on which orders were placed, store, channel and state: the order book. Returns and cancellations count on the day of their order.
{{ sales_of_days('sales_by_order_day', 'order_date') }}
