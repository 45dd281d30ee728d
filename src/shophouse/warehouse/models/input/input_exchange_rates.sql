{{ input('exchange_rates') }}
