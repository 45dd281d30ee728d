-- One row per place (a city or postcode), those that only orders name among them, and the unknown member.
{# How places were grouped is read before it is written. -#}
{% if not execute %}{% do ref('affected_places') %}{% endif -%}
{{ dimension(
    key='geography_key',
    entity='geography',
    columns={
        'postal_code': ['members.postal_code', 'text'],
        'city': ['members.city', 'text'],
        'state_code': ['coalesce(members.state_code, \'unknown\')', 'text'],
        'state': ['coalesce(members.state, members.state_code, \'unknown\')', 'text'],
        'country_code': ['coalesce(members.country_code, \'unknown\')', 'text'],
        'country': ['coalesce(members.country, members.country_code, \'unknown\')', 'text'],
        'latitude': ['members.latitude', 'double'],
        'longitude': ['members.longitude', 'double'],
    },
    named_in=[('fct_orders', 'geography_key', 'geography_id')],
    labels=[],
    unknowns=['state_code', 'state', 'country_code', 'country']
) }}
