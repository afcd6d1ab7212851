"""What may go wrong around a sync, and what must hold all the same. A benchmark tries each fault often."""
