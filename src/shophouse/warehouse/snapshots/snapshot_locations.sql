-- One row per location and version, as the builds found it.
{% snapshot snapshot_locations %}
{{ config(
    enabled=keeps_snapshot('locations'),
    schema='snapshots',
    strategy='check',
    check_cols='all',
    unique_key=['source', 'location_id'],
    hard_deletes='invalidate',
    dbt_valid_to_current=end_of_time(),
    snapshot_meta_column_names={
        'dbt_valid_from': 'valid_from',
        'dbt_valid_to': 'valid_to',
        'dbt_scd_id': 'version_id',
        'dbt_updated_at': 'recorded_at',
    }
) }}

{{ snapshot_of('locations') }}
{% endsnapshot %}
