-- One row per store. An order without a store belongs to a store that is named like its source.
{{ dimension(
    key='store_key',
    entity='stores',
    columns={
        'store_name': ['members.store_name', 'text'],
        'store_type': ['members.type', 'text'],
        'timezone': ['members.timezone', 'text'],
        'currency_code': ['members.currency_code', 'text'],
    },
    named_in=[('fct_orders', 'store_key', 'store_id')],
    labels=['store_name']
) }}
