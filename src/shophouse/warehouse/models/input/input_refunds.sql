{{ input('refunds') }}
