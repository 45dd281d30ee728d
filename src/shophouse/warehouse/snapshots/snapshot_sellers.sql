-- One row per seller and version, as the builds found it.
{% snapshot snapshot_sellers %}
{{ config(
    enabled=keeps_snapshot('sellers'),
    schema='snapshots',
    strategy='check',
    check_cols='all',
    unique_key=['source', 'seller_id'],
    hard_deletes='invalidate',
    dbt_valid_to_current=end_of_time(),
    snapshot_meta_column_names={
        'dbt_valid_from': 'valid_from',
        'dbt_valid_to': 'valid_to',
        'dbt_scd_id': 'version_id',
        'dbt_updated_at': 'recorded_at',
    }
) }}

{{ snapshot_of('sellers') }}
{% endsnapshot %}
