-- One row per day on which money moved, store, channel and state: the event book. Sums of the ledger, with its signs: what takes a sale back is negative.
{{ ledger_by_day('event_date') }}
