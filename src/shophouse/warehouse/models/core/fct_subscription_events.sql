-- One row per change of a subscription, and what it does to monthly recurring revenue (MRR).
with

subscription_events as (
    select
        source,
        event_id,
        subscription_id,
        lower({{ trimmed('kind') }}) as event_kind,
        occurred_at,
        mrr_delta
    from {{ ref('input_subscription_events') }}
),

subscriptions as (
    select
        source,
        {{ source_of('source', 'customers') }} as customer_source,
        {{ source_of('source', 'products') }} as product_source,
        subscription_id,
        customer_id,
        product_id,
        lower({{ trimmed('billing_interval') }}) as billing_interval,
        price
    from {{ ref('input_subscriptions') }}
),

customers as (
    select
        source,
        customer_id,
        customer_key,
        person_key
    from {{ ref('dim_customer') }}
),

described as (
    select
        subscriptions.source as source,
        subscriptions.subscription_id as subscription_id,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(customers.person_key, {{ unknown_key() }}) as person_key,
        {{ key_or_unknown('subscriptions.product_source', 'subscriptions.product_id') }} as product_key,
        subscriptions.product_id as product_id,
        case
            when subscriptions.billing_interval in ('year', 'yearly', 'annual', 'annually', '12 months') then {{ money_per('subscriptions.price', '12') }}
            when subscriptions.billing_interval in ('quarter', 'quarterly', '3 months') then {{ money_per('subscriptions.price', '3') }}
            when subscriptions.billing_interval in ('week', 'weekly') then {{ money_per('subscriptions.price * 52', '12') }}
            when subscriptions.billing_interval in ('day', 'daily') then {{ money_per('subscriptions.price * 365', '12') }}
            else subscriptions.price
        end as monthly_amount
    from subscriptions
    left join customers
        on subscriptions.customer_source = customers.source
        and subscriptions.customer_id = customers.customer_id
),

changes as (
    select
        {{ surrogate_key(['subscription_events.source', 'subscription_events.event_id']) }} as event_key,
        subscription_events.source as source,
        subscription_events.event_id as event_id,
        {{ surrogate_key(['subscription_events.source', 'subscription_events.subscription_id']) }} as subscription_key,
        subscription_events.subscription_id as subscription_id,
        coalesce(described.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(described.person_key, {{ unknown_key() }}) as person_key,
        coalesce(described.product_key, {{ unknown_key() }}) as product_key,
        described.product_id as product_id,
        subscription_events.event_kind as event_kind,
        subscription_events.occurred_at as occurred_at,
        cast(
            coalesce(
                subscription_events.mrr_delta,
                case
                    when subscription_events.event_kind in ('started', 'resumed') then described.monthly_amount
                    when subscription_events.event_kind in ('paused', 'cancelled', 'churned') then -described.monthly_amount
                end,
                0
            ) as {{ type_money() }}
        ) as mrr_change_amount
    from subscription_events
    left join described
        on subscription_events.source = described.source
        and subscription_events.subscription_id = described.subscription_id
),

running as (
    select
        changes.event_key as event_key,
        changes.source as source,
        changes.event_id as event_id,
        changes.subscription_key as subscription_key,
        changes.subscription_id as subscription_id,
        changes.customer_key as customer_key,
        changes.person_key as person_key,
        changes.product_key as product_key,
        changes.product_id as product_id,
        changes.event_kind as event_kind,
        changes.occurred_at as occurred_at,
        changes.mrr_change_amount as mrr_change_amount,
        cast(
            sum(changes.mrr_change_amount) over (
                partition by changes.subscription_key
                order by changes.occurred_at, changes.event_key
                rows between unbounded preceding and current row
            ) as {{ type_money() }}
        ) as mrr_after_amount,
        sum(case when changes.mrr_change_amount > 0 then 1 else 0 end) over (
            partition by changes.subscription_key
            order by changes.occurred_at, changes.event_key
            rows between unbounded preceding and current row
        ) as rise_count
    from changes
)

select
    event_key,
    source,
    event_id,
    subscription_key,
    subscription_id,
    customer_key,
    person_key,
    product_key,
    product_id,
    event_kind,
    occurred_at,
    {{ local_date('occurred_at', shop_timezone()) }} as occurred_date,
    mrr_change_amount,
    mrr_after_amount,
    case
        when mrr_change_amount = 0 then 'none'
        when mrr_after_amount - mrr_change_amount <= 0 and mrr_change_amount > 0 and rise_count = 1 then 'new'
        when mrr_after_amount - mrr_change_amount <= 0 and mrr_change_amount > 0 then 'reactivation'
        when mrr_after_amount <= 0 then 'churn'
        when mrr_change_amount > 0 then 'expansion'
        else 'contraction'
    end as movement_kind,
    {{ shop_currency() }} as currency_code
from running
