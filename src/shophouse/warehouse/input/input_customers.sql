{{ input('customers') }}
