"""A secret for each request, made of the token in our callback URL."""

from urllib.parse import urlsplit

from tracker.providers.kit.proofs import request_secret


def test_the_url_and_the_path_of_a_callback_give_the_same_secret() -> None:
    url = "https://tracker.example/below/callbacks/flux/0190/t0k3n"
    secret = request_secret(url)
    assert len(secret) == 64
    assert request_secret(urlsplit(url).path) == request_secret("/callbacks/flux/0190/t0k3n")
    assert secret == request_secret("/callbacks/flux/0190/t0k3n")
    assert secret != request_secret("/callbacks/flux/0190/another")
    assert "t0k3n" not in secret
