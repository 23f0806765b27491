"""Values of a Host line, by whether they are hosts (RFC 9112 section 3.2)."""

HOSTS = (
    *(b"", b"x", b"x:", b"x:0", b"x:65535", b"x:00080", b" x\t", b"X.Example.ORG", b"example.org."),
    *(b"my_service", b"my_service.default:8000", b"xn--bcher-kva.example", b"b%C3%BCcher.example"),
    *(b"127.0.0.1", b"127.0.0.1:8000", b"1", b"a-b.c-d", b"-x", b"~x", b"a" * 255 + b":65535"),
    *(b"[::1]", b"[::1]:8000", b"[2001:DB8::1]", b"[::ffff:127.0.0.1]", b"[fe80::1%25eth0]"),
    *(b"[fe80::1%eth0]:80", b"[v1.a:b]", b"a!$&'()*+;=b", b":80"),
)
NO_HOSTS = (
    *(b"a b", b"a\tb", b"user@x", b"user:pass@x:80", b"a,b", b"a, b", b"x/", b"x/path", b"x?a=b"),
    *(b"x#a", b"http://x", b"x:port", b"x:80:81", b"x:-1", b"x:+80", b"x: 80", b"x:65536"),
    *(b"x:100000", b"x:8o", b"x\\y", b"<x>", b'"x"', b"{x}", b"x|y", b"x^y", b"x`y", b"x%", b"x%2"),
    *(b"x%zz", b"b\xc3\xbccher.example", b"\xff", b"x:\xb2", b"::1", b"2001:db8::1", b"[]"),
    *(b"[::1", b"::1]", b"[x]", b"[127.0.0.1]", b"[::1]x", b"[::1]]", b"[[::1]]", b"[::1%]"),
    *(b"[::g]", b"[::1]:x", b"[v1]", b"[fe80::1%a b]", b"x[::1]", b"a" * 262),
)
