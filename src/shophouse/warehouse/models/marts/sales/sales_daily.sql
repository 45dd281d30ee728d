-- One row per day, store, channel and state. Amounts by the day on which money moved (the event book); orders by the day on which they were placed.
{{ sales_of_days('sales_by_day', 'event_date') }}
