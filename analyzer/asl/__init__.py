"""What a definition says: the Amazon States Language read into a typed, frozen model."""
