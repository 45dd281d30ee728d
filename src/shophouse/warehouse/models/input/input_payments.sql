{{ input('payments') }}
