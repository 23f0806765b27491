"""Tests of the provider emulator, over real sockets."""
