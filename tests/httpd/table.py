# SPDX-License-Identifier: GPL-2.0-only
"""How a row of the table (row.py) is put to a server, and what is made of what comes back.

observe() says in a line what a server did, as "200 keep" or "206 Content-Range: None; 400 close": each
answer's status, behind it what of the row's expectations about its fields and body was not met, and how
the connection was left. A server conforms to a row if that line is the row's own.
"""
import re
import threading

from client import PATIENCE, Client, Wrong, need
from requests import ALL

PROBE = b"GET /probe.txt HTTP/1.1\r\nHost: t\r\n\r\n"
FIELDS_OF_EVERYBODY = ("Server", "Date", "Connection")


def expected(row):
    """What observe() says of a server that does as the row has it."""
    return "; ".join(str(a[0]) for a in row.answers) + " " + row.then


def request(row, tags):
    """The bytes of a row. @A@ and @TEN@ stand for the tags the server gave to a.txt and ten.txt."""
    data = row.request.encode("latin-1")
    for mark, tag in tags.items():
        data = data.replace(mark, tag)
    return data


def tags(server):
    """The tags that the rows refer to, as the server has them."""
    with Client(server) as c:
        return {b"@A@": c.get("a.txt")["ETag"].encode(), b"@TEN@": c.get("ten.txt")["ETag"].encode()}


def parts(fields, body):
    """A multipart/byteranges body: [(Content-Range, bytes)…]."""
    m = re.fullmatch(r'multipart/byteranges; boundary="?([^"]+)"?', fields.get("Content-Type", ""))
    if not m:
        return None
    mark = b"--" + m[1].encode()
    # before the first part there may be an empty line
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if pieces[-1] not in (b"--\r\n", b"--") or pieces[0] not in (b"", b"\r\n"):
        return None
    got = []
    for piece in pieces[1:-1]:
        head, data = piece.split(b"\r\n\r\n", 1)
        m = re.search(rb"\r\nContent-Range: (.*)", head)
        got.append((m and m[1].decode(), data))
    return got


def misses(server, want, fields, body):
    """What of an expected answer's fields and body is not so."""
    out = []
    for name, pattern in (want[1] if len(want) > 1 else {}).items():
        value = fields.get(name)
        if value != pattern and (value is None or pattern is None or not re.fullmatch(pattern, value)):
            out.append(f"{name}: {value}")
    if len(want) > 2:
        told = want[2]
        if isinstance(told, list):
            good = parts(fields, body) == [(r, d.encode("latin-1")) for r, d in told]
        else:
            good = body == (told[1:].encode() if told[:1] == "=" else server.content(told))
        if not good:
            out.append(f"body {body[:30]!r}")
    return out


def observe(server, row, data, patience, strict):
    """Send a row's request; see above. strict: the answers also say by Connection how it goes on."""
    with Client(server, patience=patience) as c:
        # a server that refuses early may close while we still send
        sender = threading.Thread(target=c.try_send, args=(data,))
        sender.start()
        said = _listen(c, row, data, strict)
        sender.join()
    return said


def _listen(c, row, data, strict):
    # only the requests of a pipeline can begin with HEAD, too
    heads = [m == b"HEAD" for m in re.findall(rb"(?:^|\r\n)([A-Z]+) [^\r\n]*HTTP/\d", data)]
    said, finals = [], 0
    try:
        for i, want in enumerate(row.answers):
            status, fields, body = c.answer(finals < len(heads) and heads[finals])
            line = [str(status)]
            if status == want[0]:
                line += misses(c.server, want, fields, body)
            said.append(" ".join(line))
            if status < 200:
                continue
            finals += 1
            last = i + 1 == len(row.answers)
            if strict and fields["Connection"] != ("close" if last and row.then == "close" else "keep-alive"):
                said[-1] += " Connection: " + fields["Connection"]
            for name in FIELDS_OF_EVERYBODY:
                if strict and name not in fields:
                    said[-1] += f" no {name}"
        if row.then == "close" and strict:
            # without another byte from us, and without a reset
            return "; ".join(said) + (" open" if c.data or c.more() else " close")
        return "; ".join(said) + _goes_on(c)
    except Wrong as e:
        if "ended in a head: b''" in str(e):
            return "; ".join(said) + " close"
        if "status line" in str(e) or "ended in a head" in str(e):
            return "; ".join(said + ["not an answer"]) + " close"
        return "; ".join(said + [str(e)])
    except ConnectionResetError:
        return "; ".join(said) + " reset"


def _goes_on(c):
    """Is one more request answered? Answers to something else before that one are too many."""
    c.try_send(PROBE)
    more = ""
    try:
        for _ in range(3):
            status, _, body = c.answer()
            if body == c.server.content("probe.txt"):
                return more + " keep"
            more += f"; {status}"
    except (Wrong, OSError):
        pass
    return more + " close"


def check(server, row, marks):
    """The kernel's server: it must do as the row has it, to the word."""
    said = observe(server, row, request(row, marks), PATIENCE, True)
    need(said == expected(row), f"{said!r}, not {expected(row)!r}")


def rows():
    """The table, each row with a name of its own."""
    seen = set()
    for row in ALL:
        if row.name in seen:
            raise ValueError(f"two rows named {row.name}")
        seen.add(row.name)
    return ALL
