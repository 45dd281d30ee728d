-- One row per seller of a market place, and the unknown member.
{{ dimension(
    key='seller_key',
    entity='sellers',
    columns={
        'seller_name': ['members.seller_name', 'text'],
        'seller_type': ['members.type', 'text'],
        'geography_id': ['members.geography_id', 'text'],
        'lead_time_days': ['members.lead_time_days', 'integer'],
    },
    named_in=[('fct_order_items', 'seller_key', 'seller_id')],
    labels=['seller_name']
) }}
