{{ input('promotions') }}
