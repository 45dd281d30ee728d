-- One row per key of order_items that may occur more than once; the others need no picking.
{{ config(materialized='incremental', incremental_strategy='append') }}

{{ repeated('order_items') }}
