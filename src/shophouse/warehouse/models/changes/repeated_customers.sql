-- One row per key of customers that may occur more than once; the others need no picking.
{{ config(materialized='incremental', incremental_strategy='append') }}

{{ repeated('customers') }}
