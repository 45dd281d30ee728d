-- One row per order that an event of these loads names, whichever source tells of it. Empty in a full run.
{{ config(enabled=uses_platform('order_events')) }}

select distinct events.order_id as order_id
from {{ ref('stg_order_events__events') }} as events
inner join {{ ref('affected_event_loads') }} as affected_event_loads
    on events._load_id = affected_event_loads._load_id
where events.order_id is not null
    and {{ passes_changes_on() }}
