-- One row per load of order events that this run must pass on. Empty in a full run.
-- Another source's load of the same number is written anew with it, which changes nothing.
{{ config(enabled=uses_platform('order_events')) }}

select distinct received._load_id as _load_id
from {{ ref('base_order_events__order_events') }} as received
inner join {{ source('ops', 'arrived_files') }} as arrived_files
    on arrived_files.table_name = 'order_events'
    and received.source = arrived_files.source
    and received._load_id = arrived_files.load_id
    and received._source_file = arrived_files.source_file
where {{ passes_changes_on() }}
