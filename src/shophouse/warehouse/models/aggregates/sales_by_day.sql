-- One row per day on which money moved, store, channel and state: the event book. Sums of the ledger, with its signs: what takes a sale back is negative.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='event_date',
    meta={'affected': 'affected_days'}
) }}

{{ ledger_by_day('event_date', affected='affected_days') }}
