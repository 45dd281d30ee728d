{#
  The scope of a cost rule is a sales channel or a store: one that is neither would cost nothing. Each row is a rule whose scope is not known.

  channels, stores  the dimensions
#}
{% test cost_scopes_are_known(model, channels, stores) %}
select distinct
    rules.cost_id as cost_id,
    rules.cost_kind as cost_kind,
    rules.scope as scope
from {{ model }} as rules
where rules.scope is not null
    and rules.scope not in (select lower(known.channel) from {{ channels }} as known)
    and rules.scope not in (select lower(known.store_id) from {{ stores }} as known)
    and rules.scope not in (select lower(known.store_name) from {{ stores }} as known where known.store_name is not null)
{% endtest %}
