"""What several tests share: markets, servers, scenarios, and references computed another way."""
