{{ input('ad_spend') }}
