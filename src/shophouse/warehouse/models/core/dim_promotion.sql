-- One row per promotion, and the unknown member.
{{ dimension(
    key='promotion_key',
    entity='promotions',
    columns={
        'code': ['members.code', 'text'],
        'promotion_kind': ['members.kind', 'text'],
        'promotion_value': ['members.value', 'money'],
        'starts_at': ['members.starts_at', 'timestamp'],
        'ends_at': ['members.ends_at', 'timestamp'],
    },
    named_in=[],
    labels=['code']
) }}
