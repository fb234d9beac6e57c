"""The generated market: leveraged participants whose facts follow from each other (docs/market_model.md)."""
