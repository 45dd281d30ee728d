-- One row per version of an account: what was known of it from valid_from until before valid_to, the unknown member and those that only
-- facts name among them. Versions of one account follow each other without a gap, from 1900-01-01 to 9999-12-31. What has one
-- version only is in dim_customer alone, so that nothing is kept twice.
{{ config(materialized='view') }}

{{ member_history('customers', 'customer', versions=ref('customer_versions')) }}
