"""State machines inside templates."""
