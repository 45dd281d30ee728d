{{ input('touchpoints') }}
