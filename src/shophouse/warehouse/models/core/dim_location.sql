-- One row per place that goods are kept in or sent from, and the unknown member.
{{ dimension(
    key='location_key',
    entity='locations',
    columns={
        'location_name': ['members.location_name', 'text'],
        'location_type': ['members.type', 'text'],
    },
    named_in=[('fct_shipments', 'location_key', 'location_id'), ('fct_inventory_daily', 'location_key', 'location_id')],
    labels=['location_name']
) }}
