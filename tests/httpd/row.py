# SPDX-License-Identifier: GPL-2.0-only
r"""A row of the table of requests (requests.py, framing.py): what goes out, byte for byte, and what must come back.

Each row: the section of the RFC that it is about (9110 HTTP semantics, 9112 HTTP/1.1, 3986 URIs; "-": what the
RFCs leave open), a name, the request, the answers, and whether the connection then goes on ("keep": one more
request is sent over it) or is closed ("close"). An answer is a status, or (status, {field: regular expression, or
None: must not be there}), or with a third item, the body: the name of a file below the root, "=" and the bytes, or
for a multipart/byteranges one a list of (Content-Range, bytes). @A@ and @TEN@ stand for the entity tags that the
server gave to a.txt and ten.txt before.

nginx= is what nginx does where that is not the same, as table.py tells it, and why= the reason for which we do it
otherwise; tests/httpd/nginx puts all rows to nginx, and docs/httpd.md has these as a table.

The files are made by client.py: a.txt ("hello\n"), ten.txt ("0123456789"), empty.txt, big.bin (1 MiB),
sub/index.html, sub/b.html, "with blank.txt", pic.PNG, noindex/c.txt, dirindex/index.html/ (a directory), future.txt
(changed in 2100), secret.txt (mode 0600), closed/d.txt (directory mode 0700), and the symbolic links in-link -> sub/b.html, out-link -> ../outside.txt,
abs-link -> ROOT/a.txt, etc-link -> /etc/passwd, dir-out -> .., loop -> loop; fifo. All but future.txt were last
changed on Sun, 06 Nov 1994 08:49:37 GMT.
"""
import collections

Row = collections.namedtuple("Row", "rfc name request answers then nginx why")


def R(rfc, name, request, answers, then, nginx=None, why=None):
    answers = [a if isinstance(a, tuple) else (a,) for a in answers]
    return Row(rfc, name, request, answers, then, nginx, why)


IMF = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
ETAG = r'"[0-9a-f-]+"'
OLD = "Sun, 06 Nov 1994 08:49:37 GMT"
ALLOW = {"Allow": "GET, HEAD, OPTIONS", "Content-Length": r"\d+"}
HELLO = "=hello\n"
A = (200, {}, HELLO)
ALL_TEN = (200, {"Content-Range": None, "Content-Length": "10"}, "=0123456789")
FULL = (416, {"Content-Range": r"bytes \*/10"})


def part(first, last, body):
    """the answer to a range of ten.txt"""
    return (206, {"Content-Range": f"bytes {first}-{last}/10", "Content-Length": str(len(body)), "ETag": ETAG,
                  "Content-Type": "text/plain; charset=utf-8"}, "=" + body)


def multi(*ranges):
    return (206, {"Content-Range": None, "Content-Type": "multipart/byteranges; boundary=.+"},
            [(f"bytes {r}/10", "0123456789"[int(r.split("-")[0]):int(r.split("-")[1]) + 1]) for r in ranges])


# reasons that several rows share
LINK = ("a link may not lead out of the root (httpd.md, \"What keeps files inside the root\"); nginx "
        "follows all unless told not to")
LF = ("two readers who end lines differently see different requests; RFC 9112, 2.2 lets a server "
      "take a bare LF, and need not")
NO_CLOSE = "nothing is wrong with the connection: nginx closes it on every 412"
NO_ALLOW = "RFC 9110, 15.5.6: a 405 MUST have Allow"
CHUNKS = ("the chunks' grammar has no such thing; two readers could see different ends (request "
          "smuggling)")
CODINGS = ("RFC 9112, 6.3: where chunked is not the last coding the answer MUST be a 400; nginx "
           "takes no coding but chunked alone")
NO_OPTIONS = ("RFC 9110, 9.3.7: the answer is what may be asked of the resource; nginx has no "
              "OPTIONS for files")
TRAILERS = "trailers are fields, of the same grammar and limits as a head's; nginx skips them unread"
NO_RANGE = ("the value does not fit the grammar: RFC 9110, 14.2 lets a server ignore it, and all of "
            "the file is right for everybody")
BAD_HOST = "RFC 9112, 3.2: a Host with an invalid value MUST get a 400"
VERSION = "a version we do not have: 505 says so"
NUMBER = "it is a number, and too large"
EARLY = "nginx answers before it has read the body; ours tells of the limit"
