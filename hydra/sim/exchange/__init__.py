"""The simulated exchange: Binance USD-M's public protocol on loopback, over a generated or stored market."""
