{{ input('shipments') }}
