"""Kling (可灵) in both of its dialects, and gateways in front of it: the adapter and the front."""
