"""Suno through gateways, resellers and self-hosted servers: four protocols, one provider."""
