"""The generated market: a model of leveraged participants (docs/market_model.md)."""
