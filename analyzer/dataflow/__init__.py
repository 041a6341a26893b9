"""What values can flow where: payload templates read into abstract values."""
