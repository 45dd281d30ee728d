{# The host of an address, else the text itself; lower case. Returns text. #}
{% macro url_host(url) %}lower(coalesce(nullif(split_part({{ url }}, '/', 3), ''), {{ url }})){% endmacro %}


{# A name as it is looked up among sites: between dots, so that `www.google.de`, `Google Ads` and `google` hold `.google.`. #}
{% macro site_text(name) %}'.' || replace(replace(lower(trim({{ name }})), '_', '.'), ' ', '.') || '.'{% endmacro %}


{# A medium or a channel as it is written in the seeds. #}
{% macro medium_text(name) %}replace(replace(lower(trim({{ name }})), ' ', '_'), '-', '_'){% endmacro %}


{#
  The kinds of sites of the texts in a relation: `site_name` → site_kind, texts of no known site missing.
  texts  a relation with the column `site_name`, each name once
#}
{% macro site_kinds_of(texts) %}
select
    texts.site_name as site_name,
    min(sites.site_kind) as site_kind
from {{ texts }} as texts
inner join {{ ref("traffic_sites") }} as sites
    on {{ site_text("texts.site_name") }} like '%.' || sites.site || '.%'
group by texts.site_name
{% endmacro %}


{# The attribution models, in the order of the reports. #}
{% macro attribution_models() %}{{ return([
    "first_any", "first_non_direct", "first_paid", "last_any", "last_non_direct", "last_paid", "linear", "position_based", "time_decay"
]) }}{% endmacro %}


{# Whether any source has what orders can be credited to. #}
{% macro has_touches() %}{{ return(has_entity("sessions") or has_entity("touchpoints")) }}{% endmacro %}


{#
  Splits whole units over touches in proportion to their weights by largest remainder: each gets its share rounded down, and the
  units left go one each to the largest remainders (ties: the larger weight, then the earlier touch). Returns an expression.

  units, weight, weight_sum  whole numbers, weight_sum > 0
#}
{% macro units_down(units, weight, weight_sum) %}cast({{ whole_quotient(units ~ " * " ~ weight, weight_sum) }} as bigint){% endmacro %}
