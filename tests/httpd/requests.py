# SPDX-License-Identifier: GPL-2.0-only
"""The table of requests: what goes out, byte for byte, and what must come back.

Each line: name, bytes sent, list of answers, and whether the connection then goes
on ("keep": the driver sends one more request over it) or is closed ("close").
An answer is a status, or (status, {field: regular expression}), or with a third
item, the body: bytes, or the name of a file below the root.

The files are made by conformance.py: a.txt ("hello\n"), empty.txt, big.bin (1 MiB),
sub/index.html, sub/b.html, "with blank.txt", noindex/c.txt, secret.txt (mode 0600),
closed/d.txt (directory mode 0700), and the symbolic links in-link -> sub/b.html,
out-link -> ../outside.txt, abs-link -> ROOT/a.txt, etc-link -> /etc/passwd,
dir-out -> .., loop -> loop; fifo.
"""

IMF = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
ALLOW = {"Allow": "GET, HEAD", "Content-Length": r"\d+"}

REQUESTS = [
    # what a static server is for
    ("a file", b"GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\n",
     [(200, {"Content-Length": "6", "Content-Type": "text/plain; charset=utf-8", "Connection": "keep-alive",
             "Date": IMF, "Last-Modified": IMF, "ETag": r'"[0-9a-f-]+"'}, b"hello\n")], "keep"),
    ("an empty file", b"GET /empty.txt HTTP/1.1\r\nHost: t\r\n\r\n",
     [(200, {"Content-Length": "0"}, b"")], "keep"),
    ("1 MiB", b"GET /big.bin HTTP/1.1\r\nHost: t\r\n\r\n",
     [(200, {"Content-Length": "1048576", "Content-Type": "application/octet-stream"}, "big.bin")], "keep"),
    ("HEAD", b"HEAD /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [(200, {"Content-Length": "6"})], "keep"),
    ("HEAD of 1 MiB", b"HEAD /big.bin HTTP/1.1\r\nHost: t\r\n\r\n", [(200, {"Content-Length": "1048576"})], "keep"),
    ("HEAD of nothing", b"HEAD /none HTTP/1.1\r\nHost: t\r\n\r\n", [(404, {"Content-Length": r"\d+"})], "keep"),
    ("the root's index.html", b"GET / HTTP/1.1\r\nHost: t\r\n\r\n",
     [(200, {"Content-Type": "text/html; charset=utf-8"}, "index.html")], "keep"),
    ("a directory's index.html", b"GET /sub/ HTTP/1.1\r\nHost: t\r\n\r\n", [(200, {}, "sub/index.html")], "keep"),
    ("a directory without its slash", b"GET /sub?q HTTP/1.1\r\nHost: t\r\n\r\n", [(301, {"Location": "/sub/"})], "keep"),
    ("no redirect to another host", b"GET //sub HTTP/1.1\r\nHost: t\r\n\r\n", [(301, {"Location": "/sub/"})], "keep"),
    ("a directory without index.html", b"GET /noindex/ HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("a file as a directory", b"GET /a.txt/ HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("below a file", b"GET /a.txt/x HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("not there", b"GET /none HTTP/1.1\r\nHost: t\r\n\r\n", [(404, {}, b"404 Not Found\n")], "keep"),
    ("a name too long", b"GET /" + b"n" * 300 + b" HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("percent-encoded", b"GET /with%20blank.txt HTTP/1.1\r\nHost: t\r\n\r\n", [(200, {}, "with blank.txt")], "keep"),
    ("an encoded slash", b"GET /sub%2Fb.html HTTP/1.1\r\nHost: t\r\n\r\n", [(200, {}, "sub/b.html")], "keep"),
    ("a query", b"GET /a.txt?x=1&y=/../ HTTP/1.1\r\nHost: t\r\n\r\n", [(200, {}, b"hello\n")], "keep"),
    ("dots inside", b"GET /sub/./x/../../a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [(200, {}, b"hello\n")], "keep"),
    ("absolute form", b"GET http://t:80/a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [(200, {}, b"hello\n")], "keep"),
    ("an empty line before", b"\r\nGET /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [200], "keep"),
    ("field names in any case", b"GET /a.txt HTTP/1.1\r\nhOsT:t\r\ncOnnEction:CLOSE\r\n\r\n",
     [(200, {"Connection": "close"})], "close"),

    # connections
    ("Connection: close", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
     [(200, {"Connection": "close"})], "close"),
    ("close in a list", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nConnection: x , close\r\n\r\n", [200], "close"),
    ("HTTP/1.0", b"GET /a.txt HTTP/1.0\r\n\r\n", [(200, {"Connection": "close"}, b"hello\n")], "close"),
    ("HTTP/1.0 kept", b"GET /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     [(200, {"Connection": "keep-alive"}, b"hello\n")], "keep"),
    ("HTTP/1.2", b"GET /a.txt HTTP/1.2\r\nHost: t\r\n\r\n", [200], "keep"),
    ("pipelined", b"GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\nHEAD /big.bin HTTP/1.1\r\nHost: t\r\n\r\n"
     b"GET /none HTTP/1.1\r\nHost: t\r\n\r\nGET /sub/ HTTP/1.1\r\nHost: t\r\n\r\n",
     [(200, {}, b"hello\n"), (200, {"Content-Length": "1048576"}), 404, (200, {}, "sub/index.html")], "keep"),
    ("100 pipelined", b"GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\n" * 100, [(200, {}, b"hello\n")] * 100, "keep"),
    ("pipelined behind a close", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
     b"GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [200], "close"),
    ("pipelined behind an error", b"GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\nBAD\r\n\r\n"
     b"GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [200, 400], "close"),

    # conditional
    ("modified since", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n",
     [(200, {}, b"hello\n")], "keep"),
    ("not modified since", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nIf-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT\r\n\r\n",
     [(304, {"ETag": r'"[0-9a-f-]+"', "Last-Modified": IMF, "Date": IMF})], "keep"),
    ("in RFC 850's form", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nIf-Modified-Since: Friday, 01-Jan-38 00:00:00 GMT\r\n\r\n",
     [304], "keep"),
    ("in asctime's form", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nIf-Modified-Since: Fri Jan  1 00:00:00 2038\r\n\r\n",
     [304], "keep"),
    ("HEAD, not modified", b"HEAD /a.txt HTTP/1.1\r\nHost: t\r\nIf-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT\r\n\r\n",
     [304], "keep"),
    ("a date that is none", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nIf-Modified-Since: tomorrow\r\n\r\n", [200], "keep"),
    ("any tag", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nIf-None-Match: *\r\n\r\n", [304], "keep"),
    ("another tag", b'GET /a.txt HTTP/1.1\r\nHost: t\r\nIf-None-Match: "x", W/"y"\r\n\r\n', [200], "keep"),
    ("a tag goes before a date", b'GET /a.txt HTTP/1.1\r\nHost: t\r\nIf-None-Match: "x"\r\n'
     b"If-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT\r\n\r\n", [200], "keep"),
    ("not there, whatever since", b"GET /none HTTP/1.1\r\nHost: t\r\nIf-None-Match: *\r\n\r\n", [404], "keep"),

    # 400
    ("no version", b"GET /a.txt\r\n\r\n", [400], "close"),
    ("no target", b"GET HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("two blanks", b"GET  /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("a blank before", b" GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("a blank behind", b"GET /a.txt HTTP/1.1 \r\nHost: t\r\n\r\n", [400], "close"),
    ("no number", b"GET /a.txt HTTP/x.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("lower case", b"GET /a.txt http/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("no Host", b"GET /a.txt HTTP/1.1\r\n\r\n", [400], "close"),
    ("two Hosts", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n", [400], "close"),
    ("a Host that is none", b"GET /a.txt HTTP/1.1\r\nHost: a b\r\n\r\n", [400], "close"),
    ("an empty Host", b"GET /a.txt HTTP/1.1\r\nHost:\r\n\r\n", [200], "keep"),
    ("a bare LF", b"GET /a.txt HTTP/1.1\nHost: t\n\n", [400], "close"),
    ("a bare LF among fields", b"GET /a.txt HTTP/1.1\r\nHost: t\nX: y\r\n\r\n", [400], "close"),
    ("a bare CR", b"GET /a.txt HTTP/1.1\r\nHost: t\rX: y\r\n\r\n", [400], "close"),
    ("a folded line", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nX: y\r\n z\r\n\r\n", [400], "close"),
    ("a blank before the colon", b"GET /a.txt HTTP/1.1\r\nHost : t\r\n\r\n", [400], "close"),
    ("no colon", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nX\r\n\r\n", [400], "close"),
    ("no name", b"GET /a.txt HTTP/1.1\r\nHost: t\r\n: x\r\n\r\n", [400], "close"),
    ("a NUL", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nX: \0\r\n\r\n", [400], "close"),
    ("a NUL in the path", b"GET /a.txt\0 HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("an encoded NUL", b"GET /a.txt%00.html HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("half an escape", b"GET /a%2 HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("no escape", b"GET /a%zz HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("a fragment", b"GET /a.txt#x HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("beyond ASCII", b"GET /\xc3\xa4 HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("no slash", b"GET a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("GET *", b"GET * HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400], "close"),
    ("two lengths", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello", [400], "close"),
    ("a list of lengths", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 5, 5\r\n\r\nhello", [400], "close"),
    ("a length with a sign", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: +5\r\n\r\nhello", [400], "close"),
    ("an empty length", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length:\r\n\r\n", [400], "close"),
    ("a length and a coding", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400], "close"),
    ("two codings", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400], "close"),
    ("a coding in HTTP/1.0", b"GET /a.txt HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400], "close"),

    # bodies are not read; the answer comes, and the connection ends
    ("a body of no bytes", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", [200], "keep"),
    ("GET with a body", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello",
     [(200, {"Connection": "close"}, b"hello\n")], "close"),
    ("a request in a body", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 39\r\n\r\n"
     b"GET /none HTTP/1.1\r\nHost: t\r\n\r\n01234567", [(200, {}, b"hello\n")], "close"),
    ("a chunked body", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     [(200, {"Connection": "close"})], "close"),

    # other methods
    ("POST", b"POST /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello", [(405, ALLOW)], "close"),
    ("PUT", b"PUT /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", [(405, ALLOW)], "keep"),
    ("DELETE", b"DELETE /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [(405, ALLOW)], "keep"),
    ("OPTIONS *", b"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", [(405, ALLOW)], "keep"),
    ("TRACE", b"TRACE /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [(405, ALLOW)], "keep"),
    ("CONNECT", b"CONNECT t:80 HTTP/1.1\r\nHost: t\r\n\r\n", [(405, ALLOW)], "keep"),
    ("no such method", b"BREW /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [501], "keep"),
    ("methods have their case", b"get /a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [501], "keep"),
    ("another coding", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n", [501], "close"),
    ("HTTP/2", b"GET /a.txt HTTP/2.0\r\nHost: t\r\n\r\n", [505], "close"),
    ("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [505], "close"),

    # too long
    ("a target of 4096 bytes", b"GET /a.txt?" + b"x" * (4096 - 7) + b" HTTP/1.1\r\nHost: t\r\n\r\n", [200], "keep"),
    ("of 4097", b"GET /a.txt?" + b"x" * (4097 - 7) + b" HTTP/1.1\r\nHost: t\r\n\r\n", [414], "keep"),
    ("of 100000", b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: t\r\n\r\n", [414], "close"),
    ("a head of 8192 bytes", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nX: " + b"x" * (8192 - 37) + b"\r\n\r\n", [200], "keep"),
    ("of 8193", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nX: " + b"x" * (8193 - 37) + b"\r\n\r\n", [431], "close"),
    ("of 100000", b"GET /a.txt HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 16666 + b"\r\n", [431], "close"),

    # out of the root
    ("above the root", b"GET /../outside.txt HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("by way of a directory", b"GET /sub/../../outside.txt HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("encoded dots", b"GET /%2e%2e/outside.txt HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("dots and an encoded slash", b"GET /..%2Foutside.txt HTTP/1.1\r\nHost: t\r\n\r\n", [400], "close"),
    ("encoded twice", b"GET /%252e%252e/outside.txt HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("backslashes are letters", b"GET /..%5Coutside.txt HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("a link that stays inside", b"GET /in-link HTTP/1.1\r\nHost: t\r\n\r\n", [(200, {}, "sub/b.html")], "keep"),
    ("a link out", b"GET /out-link HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("an absolute link to the inside", b"GET /abs-link HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("an absolute link", b"GET /etc-link HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("through a link to a directory", b"GET /dir-out/outside.txt HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("and back in", b"GET /dir-out/root/a.txt HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),
    ("a link to itself", b"GET /loop HTTP/1.1\r\nHost: t\r\n\r\n", [404], "keep"),

    # what nobody may read
    ("mode 0600", b"GET /secret.txt HTTP/1.1\r\nHost: t\r\n\r\n", [403], "keep"),
    ("a directory of mode 0700", b"GET /closed/d.txt HTTP/1.1\r\nHost: t\r\n\r\n", [403], "keep"),
    ("a FIFO", b"GET /fifo HTTP/1.1\r\nHost: t\r\n\r\n", [403], "keep"),
]
