"""Haimian music (海绵音乐): the web page's calls, and Volcengine's music API."""
