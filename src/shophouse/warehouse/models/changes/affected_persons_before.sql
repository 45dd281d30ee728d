-- One row per person who had, before this run, an affected order or an account of which something has arrived: the order or the account may be another
-- person's now. Of runs that came to no end all are kept until one does, for what they have built says no more who it was. Empty in a full run.
{{ config(tags=['changes']) }}
{%- if not execute %}{% do ref('affected_orders') %}{% endif -%}
{%- set orders = as_built('core', 'fct_orders') %}
{%- set accounts = as_built('core', 'dim_customer') %}

with

arrived as (
    {{ arrived('customers', ['customer_id']) }}
    union
    {{ arrived('customer_identities', ['customer_id']) }}
),

watermark as (
    {{ watermark() }}
),

accounts as (
    select {{ surrogate_key(['arrived.source', 'arrived.customer_id']) }} as customer_key
    from arrived
    where arrived.customer_id is not null
    {%- if orders %}
    union
    select orders_before.customer_key as customer_key
    from {{ orders }} as orders_before
    where orders_before.order_key in ({{ few_keys('order_key', ref('affected_orders')) }})
    {%- endif %}
),

persons as (
    select {{ unknown_key() }} as person_key
    {%- if orders %}
    union
    select orders_before.person_key as person_key
    from {{ orders }} as orders_before
    where orders_before.order_key in ({{ few_keys('order_key', ref('affected_orders')) }})
    {%- endif %}
    {%- if accounts %}
    union
    select accounts_before.person_key as person_key
    from {{ accounts }} as accounts_before
    inner join accounts
        on accounts_before.customer_key = accounts.customer_key
    {%- endif %}
    {{- union_unfinished(['person_key']) }}
)

select
    persons.person_key as person_key,
    watermark.load_sum as load_sum
from persons
cross join watermark
where {{ passes_changes_on() }}
