{{ input('customer_identities') }}
