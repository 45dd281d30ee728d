-- One row per row of a payment that breaks the contract or that its source drops for a stated reason.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_key',
    meta={'affected': 'affected_orders'}
) }}

{{ rejected_of_orders('payments') }}
