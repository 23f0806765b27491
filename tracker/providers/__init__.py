"""Translation between our words and each vendor's wire format. Pure."""
