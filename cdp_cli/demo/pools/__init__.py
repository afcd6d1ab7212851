"""The names, places, streets and products that the demo retailer draws from."""
