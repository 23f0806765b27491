"""All outbound sockets of the service."""
