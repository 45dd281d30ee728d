-- One row per marketing campaign, and the unknown member.
{{ dimension(
    key='campaign_key',
    entity='campaigns',
    columns={
        'campaign_name': ['coalesce(members.campaign_name, members.campaign_id)', 'text'],
        'platform': ['members.platform', 'text'],
        'channel': ['members.channel', 'text'],
        'objective': ['members.objective', 'text'],
        'starts_at': ['members.starts_at', 'timestamp'],
        'ends_at': ['members.ends_at', 'timestamp'],
        'budget_amount': ['members.budget_amount', 'money'],
    },
    named_in=[('fct_ad_spend_daily', 'campaign_key', 'campaign_id'), ('fct_touchpoints', 'campaign_key', 'campaign_id')],
    labels=['campaign_name']
) }}
