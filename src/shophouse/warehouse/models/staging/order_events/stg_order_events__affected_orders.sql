-- One row per order that an event of these loads names, whichever source tells of it. Empty in a full run.
{{ config(enabled=uses_platform('order_events'), schema='changes', materialized='table') }}

select distinct events.order_id as order_id
from {{ ref('stg_order_events__events') }} as events
inner join {{ ref('stg_order_events__affected_loads') }} as stg_order_events__affected_loads
    on events._load_id = stg_order_events__affected_loads._load_id
where events.order_id is not null
    and {{ passes_changes_on() }}
