-- One row per load of order events that this run must pass on. Empty in a full run.
-- Another source's load of the same number is written anew with it, which changes nothing.
{{ config(enabled=uses_platform('order_events'), schema='changes', materialized='table') }}

select distinct received._load_id as _load_id
from {{ ref('base_order_events__order_events') }} as received
{{ joined_to_arrived('received', 'order_events') }}
where {{ passes_changes_on() }}
