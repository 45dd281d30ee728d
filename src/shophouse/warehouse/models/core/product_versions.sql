-- One row per version of a product that has more than one. The others have one version, which dim_product is: see dim_product_history.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='product_key',
    meta={'affected': 'affected_product_versions'}
) }}

{{ versions(entity='products', name='product', affected='affected_product_versions') }}
