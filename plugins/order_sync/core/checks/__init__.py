"""What an order must meet before it may be sent."""
