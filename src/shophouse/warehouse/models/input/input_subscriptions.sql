{{ input('subscriptions') }}
