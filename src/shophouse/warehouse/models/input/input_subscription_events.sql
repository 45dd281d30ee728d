{{ input('subscription_events') }}
