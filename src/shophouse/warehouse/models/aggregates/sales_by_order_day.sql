-- One row per day of the order, store, channel and state: the order book. Sums of the ledger, with its signs: what takes a sale back is negative.
{{ ledger_by_day('order_date') }}
