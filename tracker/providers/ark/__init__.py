"""Volcengine Ark and BytePlus ModelArk (Seedance): the adapter, and the front for their clients."""
