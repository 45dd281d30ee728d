-- One row per version of an account that has more than one. The others have one version, which dim_customer is: see dim_customer_history.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='customer_key',
    meta={'affected': 'affected_customer_versions'}
) }}

{{ versions(entity='customers', name='customer', affected='affected_customer_versions') }}
