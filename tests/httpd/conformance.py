#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""conformance.py goro_httpd.ko: the server in the kernel against raw sockets; prints KTAP.

Runs as root where goro.ko is loaded; loads and unloads goro_httpd.ko itself, several times. First the table
(requests.py), then what a table cannot say: conversations, slow, half-open and vanishing clients (here), and what
takes many of them: the cap on connections, a thousand clients, unload with connections open (crowd.py).
"""
import os
import sys
import tempfile
import threading
import time

import crowd
import table
from client import BIG, Client, Kernel, Points, Wrong, need, until

GET = b"GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\n"
HUGE = b"GET /huge.bin HTTP/1.1\r\nHost: t\r\n\r\n"
BODY = b"GET /a.txt HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0\r\nA: b\r\n\r\n"


def revalidation(s):
    with Client(s) as c:
        fields = c.get()
        for line in ("If-None-Match: " + fields["ETag"], "If-None-Match: \"x\", W/" + fields["ETag"],
                     "If-Modified-Since: " + fields["Last-Modified"]):
            c.send(f"GET /a.txt HTTP/1.1\r\nHost: t\r\n{line}\r\n\r\n".encode())
            need(c.answer()[0] == 304, line)


def changed_just_now(s):
    """The tag of a file that may change again within the clock's grain is weak: no range may be joined by it."""
    def soon(ask):
        # a machine that stands still lets the file grow old: then it is no answer, and asked for again
        while True:
            begun = time.time()
            s.put("root/now.txt", b"now\n", when=begun)
            said = ask(c.get("now.txt")["ETag"])
            if time.time() - begun < 1:
                return said

    def conditional(line, tag):
        line = line.replace("@W@", tag).replace("@S@", tag[2:])
        c.send(f"GET /now.txt HTTP/1.1\r\nHost: t\r\n{line}\r\n\r\n".encode())
        return c.answer()[0]

    with Client(s) as c:
        tag = soon(lambda tag: tag)
        need(tag.startswith('W/"'), tag)
        for line, status in (("If-None-Match: @W@", 304), ("If-Match: @W@", 412), ("If-Match: @S@", 412),
                             ("Range: bytes=0-0\r\nIf-Range: @W@", 200), ("Range: bytes=0-0\r\nIf-Range: @S@", 200),
                             ("Range: bytes=0-0", 206)):
            got = soon(lambda tag, line=line: conditional(line, tag))
            need(got == status, f"{line}: {got}")


def no_date_ahead(s):
    with Client(s) as c:
        fields = c.get("future.txt")
        need(fields["Last-Modified"] == fields["Date"], f"changed {fields['Last-Modified']}, it is {fields['Date']}")


def large_ranges(s):
    """Ranges that do not fit in a buffer, one and several."""
    with Client(s) as c:
        whole = s.content("big.bin")
        c.send(b"GET /big.bin HTTP/1.1\r\nHost: t\r\nRange: bytes=1000-900000\r\n\r\n")
        status, fields, body = c.answer()
        need(status == 206 and body == whole[1000:900001], f"{status}, {len(body)} bytes")
        c.send(b"GET /big.bin HTTP/1.1\r\nHost: t\r\nRange: bytes=5-300004,-70000,400000-400000,500000-600000\r\n\r\n")
        status, fields, body = c.answer()
        want = [(f"bytes {a}-{b - 1}/1048576", whole[a:b]) for a, b in
                ((5, 300005), (1048576 - 70000, 1048576), (400000, 400001), (500000, 600001))]
        need(status == 206 and table.parts(fields, body) == want, f"{status}, {len(body)} bytes")
        c.get()


def continues(s):
    """The body is waited for until the 100, and comes behind it."""
    for body in (b"Content-Length: 5\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
        with Client(s, b"GET /a.txt HTTP/1.1\r\nHost: t\r\nExpect: 100-Continue\r\n" + body) as c:
            need(c.answer()[0] == 100, "no 100")
            c.send(b"hello" if b"Length" in body else b"5\r\nhello\r\n0\r\n\r\n")
            need(c.answer()[2] == b"hello\n", "body")
            c.get()
    # an answer that needs no body goes without the 100, and the connection with it
    with Client(s, b"BREW / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n") as c:
        need(c.answer()[0] == 501, "status")
        c.ended()


def byte_by_byte(s):
    with Client(s) as c:
        for data in (GET, BODY):
            for b in data:
                c.send(bytes([b]))
            need(c.answer()[2] == b"hello\n", "body")
        c.get()


def cut_anywhere(s):
    for data in (GET, BODY):
        for i in range(1, len(data)):
            with Client(s, data[:i]) as c:
                time.sleep(0.002)
                c.send(data[i:] + GET)
                need(c.answer()[0] == 200, f"cut at {i}")
                need(c.answer()[0] == 200, f"cut at {i}, the next")


def half_then_eof(s):
    for data in (GET[:20], BODY[:-20]):
        with Client(s, data) as c:
            c.half_close()
            need(c.answer()[0] == 400, "status")
            c.ended()


def whole_then_eof(s):
    with Client(s, GET * 3) as c:
        c.half_close()
        for _ in range(3):
            need(c.answer()[0] == 200, "status")
        c.ended()


def nothing_then_eof(s):
    with Client(s) as c:
        c.half_close()
        c.ended()


def vanish(s):
    """Clients that go away at any point do no harm."""
    for data in (b"", GET[:10], GET, GET * 50, HUGE, BODY[:-20]):
        for _ in range(5):
            Client(s, data).reset()
            Client(s, data).sock.close()
            c = Client(s, data)
            if data:
                time.sleep(0.01)
            c.reset()
    with Client(s) as c:
        c.get()


def silent(s):
    """Nothing is said: nothing is answered, after idle_ms the connection ends."""
    for begin in (b"", b"\r\n\r\n"):
        end = Client.gone if begin else Client.ended
        with s.having(idle_ms=300), Client(s, begin) as c:
            end(c)
        until(lambda: s.goroutines() == 0)
        with Client(s) as c:
            c.get()
            # from here on it waits for the second request, and as long as is usual
            until(lambda: s.idle() == 1)
            with s.having(idle_ms=300):
                c.get()
                c.send(begin)
                end(c)


def empty_lines(s):
    """Before a request they are skipped, also in halves; more of them than a head may have bytes are a 400."""
    with Client(s) as c:
        for data in (b"\r", b"\n", b"\r\n\r", b"\n" + GET[:9]):
            c.send(data)
            time.sleep(0.05)
        c.send(GET[9:])
        need(c.answer()[0] == 200, "status")
        for _ in range(3):
            c.try_send(b"\r\n" * 2000)
            time.sleep(0.05)
        need(c.answer()[0] == 400, "status")
        c.ended()


def slow(s, param, begin, step):
    """What is begun and goes on too slowly, or not at all, is a 408: a byte now and then does not buy more time."""
    with s.having(**{param: 300}):
        with Client(s, begin) as c:
            need(c.answer()[0] == 408, "status")
            c.ended()
        with Client(s, begin) as c:
            stop = threading.Event()
            sender = threading.Thread(target=trickle, args=(c, step, stop))
            sender.start()
            try:
                need(c.answer()[0] == 408, "status")
                c.ended()
            finally:
                stop.set()
                sender.join()


def trickle(c, step, stop):
    while not stop.wait(0.05):
        c.try_send(step)


def slow_head(s):
    slow(s, "header_ms", b"GET /a.txt HTTP/1.1\r\nX: ", b"x")


def slow_body(s):
    slow(s, "body_ms", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 60000\r\n\r\n", b"x")
    slow(s, "body_ms", b"GET /a.txt HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")


def slow_reader(s):
    """Who does not read is cut off, and the others are served meanwhile."""
    with s.having(send_ms=500), Client(s, HUGE, rcvbuf=4096) as c:
        need(c.more(), "no answer")
        # the server's goroutine is the last to hold it: its end shows in the kernel's table
        until(lambda: s.sockets() == 0)
        with Client(s) as other:
            other.get()
        c.drain()
        need(len(c.data) < BIG, "all of it came")


def steady_reader(s):
    """One that reads in small steps gets all of it."""
    with Client(s, b"GET /big.bin HTTP/1.1\r\nHost: t\r\n\r\n", rcvbuf=4096) as c:
        need(c.answer()[2] == s.content("big.bin"), "body")
        c.get()


def file_changes(s):
    """A file that shrinks under the answer ends the connection, no more."""
    s.put("root/shrink.bin", b"x" * BIG)
    with Client(s, b"GET /shrink.bin HTTP/1.1\r\nHost: t\r\n\r\n", rcvbuf=4096) as c:
        c.more()
        os.truncate(s.root + "/shrink.bin", 0)
        c.drain()
        need(len(c.data) < BIG, "all of it came")
    os.unlink(s.root + "/shrink.bin")
    with Client(s, b"GET /shrink.bin HTTP/1.1\r\nHost: t\r\n\r\n") as c:
        need(c.answer()[0] == 404, "still there")


def body_limits(s):
    """max_body is what counts, and what is too long is refused before it is read."""
    with s.having(max_body=3):
        for data, status in ((b"Content-Length: 3\r\n\r\nabc", 200), (b"Content-Length: 4\r\n\r\nabcd", 413),
                             (b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", 200),
                             (b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\n", 413)):
            with Client(s, b"GET /a.txt HTTP/1.1\r\nHost: t\r\n" + data) as c:
                need(c.answer()[0] == status, data)


def over_ipv6(s):
    s.load(addr="::1")
    with Client(s) as c:
        c.get()
    s.unload()


def share_ipv6(s):
    """max_per_addr=1 on a socket for both: an IPv4 client is not one of the /64 in which all of them are mapped."""
    s.load(addr="::", max_per_addr=1)
    for first, second in (("::1", "127.0.0.1"), ("127.0.0.1", "::1"), ("127.0.0.1", "::ffff:127.0.0.1")):
        s.host = first
        with Client(s) as a:
            a.get()
            s.host = second
            with Client(s) as b:
                if "ffff" in second:
                    need(b.answer()[0] == 503, "status")
                else:
                    b.get()
        until(lambda: s.goroutines() == 0)
    said = s.unload()
    need(said["refused"] == 1, f"unload said {said}")


def bad_params(s):
    for args in ({"root": s.root + "/none"}, {"root": s.root + "/a.txt"}, {"addr": "nowhere"}, {"addr": "192.0.2.1"},
                 {"max_conns": 0}):
        try:
            s.load(**args)
        except crowd.CalledProcessError:
            continue
        raise Wrong(f"loaded with {args}")


def main():
    s = Kernel(tempfile.mkdtemp(prefix="goro-httpd-", dir="/dev/shm"), sys.argv[1])
    points = Points()
    points.run("parameters that cannot be", bad_params, s)
    points.run("load", s.load)
    marks = table.tags(s)
    for row in table.rows():
        points.run(row.name, table.check, s, row, marks)
    for test in (revalidation, changed_just_now, no_date_ahead, large_ranges, continues, byte_by_byte, cut_anywhere,
                 half_then_eof, whole_then_eof, nothing_then_eof, vanish, silent, empty_lines, slow_head, slow_body,
                 slow_reader, steady_reader, file_changes, body_limits):
        points.run(test.__name__, test, s)
    points.run("unload", s.unload)
    crowd.run(points, s)
    # user mode Linux has none here
    if os.path.exists("/proc/net/if_inet6"):
        points.run("over_ipv6", over_ipv6, s)
        points.run("share_ipv6", share_ipv6, s)
    points.end()


if __name__ == "__main__":
    main()
