#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""conformance.py goro_httpd.ko: the server in the kernel against raw sockets; prints KTAP.

Runs as root where goro.ko is loaded; loads and unloads goro_httpd.ko itself, several
times. First the table (requests.py), then what a table cannot say: slow, half-open and
vanishing clients, the cap on connections, unload with connections open. Nothing here
asserts how long something takes; a wait that does not end fails after PATIENCE seconds.
"""
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from requests import REQUESTS

PATIENCE = 60
PARAMS = "/sys/module/goro_httpd/parameters/"
GET = b"GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\n"
BIG = 8 << 20

base = tempfile.mkdtemp(prefix="goro-httpd-", dir="/dev/shm")
root = base + "/root"
module = sys.argv[1]
tests = failures = 0


class Wrong(Exception):
    """the answer is not what it must be"""


def need(condition, what):
    if not condition:
        raise Wrong(what)


def make_files():
    os.chmod(base, 0o755)
    for d in ("", "/sub", "/noindex", "/closed"):
        os.mkdir(root + d)

    def put(name, data, mode=0o644):
        with open(f"{base}/{name}", "wb") as f:
            f.write(data)
        os.chmod(f"{base}/{name}", mode)

    put("outside.txt", b"outside\n")
    put("root/a.txt", b"hello\n")
    put("root/empty.txt", b"")
    put("root/big.bin", os.urandom(1 << 20))
    put("root/huge.bin", os.urandom(1 << 16) * (BIG >> 16))
    put("root/index.html", b"<p>root</p>\n")
    put("root/sub/index.html", b"<p>sub</p>\n")
    put("root/sub/b.html", b"<p>b</p>\n")
    put("root/with blank.txt", b"blank\n")
    put("root/noindex/c.txt", b"c\n")
    put("root/secret.txt", b"secret\n", 0o600)
    put("root/closed/d.txt", b"d\n")
    os.chmod(root + "/closed", 0o700)
    os.mkfifo(root + "/fifo", 0o644)
    for name, to in (("in-link", "sub/b.html"), ("out-link", "../outside.txt"), ("abs-link", root + "/a.txt"),
                     ("etc-link", "/etc/passwd"), ("dir-out", ".."), ("loop", "loop")):
        os.symlink(to, f"{root}/{name}")


def content(name):
    with open(f"{root}/{name}", "rb") as f:
        return f.read()


def load(**params):
    global host, port
    host = params.get("addr", "127.0.0.1")
    args = {"root": root, "port": 0, **params}
    subprocess.run(["insmod", module] + [f"{k}={v}" for k, v in args.items()], check=True, capture_output=True)
    port = int(param("port"))


def unload():
    subprocess.run(["rmmod", "goro_httpd"], check=True)
    # what it says at the end must add up
    log = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
    said = re.findall(r"goro_httpd: (\d+) requests; (\d+) connections opened, (\d+) closed", log)
    need(said and said[-1][1] == said[-1][2], f"unload said {said[-1:]}")


def param(name, value=None):
    with open(PARAMS + name, "r" if value is None else "w", encoding="ascii") as f:
        return f.read().strip() if value is None else f.write(str(value))


class Client:
    """A connection; what was received and not looked at yet is in self.data."""

    def __init__(self, data=b"", rcvbuf=0):
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(PATIENCE)
        self.sock.connect((host, port))
        self.data = b""
        if data:
            self.send(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        """Receive something; False at the end of the stream."""
        try:
            got = self.sock.recv(1 << 16)
        except TimeoutError:
            raise Wrong(f"nothing came for {PATIENCE} s") from None
        self.data += got
        return bool(got)

    def take(self, n):
        while len(self.data) < n:
            need(self.more(), f"the stream ended after {len(self.data)} of {n} bytes")
        got, self.data = self.data[:n], self.data[n:]
        return got

    def answer(self, head=False):
        """One answer: status, fields, body."""
        while b"\r\n\r\n" not in self.data:
            need(self.more(), f"the stream ended in a head: {self.data!r}")
        top, self.data = self.data.split(b"\r\n\r\n", 1)
        lines = top.decode("ascii").split("\r\n")
        m = re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Z][A-Za-z ]+", lines[0])
        need(m, f"status line {lines[0]!r}")
        fields = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            need(name not in fields, f"{name} twice")
            fields[name] = value
        status = int(m[1])
        body = b""
        if status != 304:
            n = int(fields["Content-Length"])
            body = b"" if head else self.take(n)
        return status, fields, body

    def get(self, path="a.txt"):
        """A request that must be answered with that file."""
        self.send(b"GET /" + path.encode() + b" HTTP/1.1\r\nHost: t\r\n\r\n")
        status, fields, body = self.answer()
        need(status == 200 and body == content(path), f"{path}: {status}, {len(body)} bytes")
        return fields

    def ended(self):
        """No more bytes, then the end, and not by a reset."""
        try:
            need(not self.more(), f"more came: {self.data[:100]!r}")
        except ConnectionResetError:
            raise Wrong("reset, not closed") from None

    def reset(self):
        """Go away with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def run(name, test, *args):
    global tests, failures
    tests += 1
    try:
        test(*args)
        print(f"ok {tests} - {name}", flush=True)
    except (Wrong, OSError, ValueError, KeyError, subprocess.CalledProcessError) as e:
        failures += 1
        print(f"not ok {tests} - {name} # {type(e).__name__}: {e}")
        for line in traceback.format_exc().splitlines():
            print("# " + line, flush=True)


def check_request(data, answers, then):
    with Client() as c:
        # a server that refuses early may close while we still send
        sender = threading.Thread(target=try_send, args=(c, data))
        sender.start()
        # only the requests of a pipeline can begin with HEAD, too
        heads = [m == b"HEAD" for m in re.findall(rb"(?:^|\r\n)(HEAD|GET|[A-Z]+) [^\r\n]*HTTP/1", data)]
        for i, want in enumerate(answers):
            want = want if isinstance(want, tuple) else (want, {})
            status, fields, body = c.answer(i < len(heads) and heads[i])
            need(status == want[0], f"answer {i + 1} is {status}, not {want[0]}")
            for name, pattern in want[1].items():
                need(re.fullmatch(pattern, fields.get(name, "")) or fields.get(name) == pattern,
                     f"{name}: {fields.get(name)}")
            last = i + 1 == len(answers)
            need(fields["Connection"] == ("close" if last and then == "close" else "keep-alive"),
                 f"answer {i + 1} says {fields['Connection']}")
            if len(want) > 2:
                need(body == (want[2] if isinstance(want[2], bytes) else content(want[2])), f"body {body[:100]!r}")
        sender.join()
        if then == "keep":
            c.get()
        else:
            c.ended()


def try_send(c, data):
    try:
        c.send(data)
    except OSError:
        pass


def revalidation():
    with Client() as c:
        fields = c.get()
        for line in ("If-None-Match: " + fields["ETag"], "If-None-Match: \"x\", W/" + fields["ETag"],
                     "If-Modified-Since: " + fields["Last-Modified"]):
            c.send(f"GET /a.txt HTTP/1.1\r\nHost: t\r\n{line}\r\n\r\n".encode())
            need(c.answer()[0] == 304, line)


def byte_by_byte():
    with Client() as c:
        for b in GET:
            c.send(bytes([b]))
        need(c.answer()[0] == 200, "status")
        c.get()


def cut_anywhere():
    for i in range(1, len(GET)):
        with Client(GET[:i]) as c:
            time.sleep(0.002)
            c.send(GET[i:])
            need(c.answer()[0] == 200, f"cut at {i}")


def half_then_eof():
    with Client(GET[:20]) as c:
        c.sock.shutdown(socket.SHUT_WR)
        need(c.answer()[0] == 400, "status")
        c.ended()


def whole_then_eof():
    with Client(GET * 3) as c:
        c.sock.shutdown(socket.SHUT_WR)
        for _ in range(3):
            need(c.answer()[0] == 200, "status")
        c.ended()


def nothing_then_eof():
    with Client() as c:
        c.sock.shutdown(socket.SHUT_WR)
        c.ended()


def vanish():
    """Clients that go away at any point do no harm."""
    for data in (b"", GET[:10], GET, GET * 50, b"GET /huge.bin HTTP/1.1\r\nHost: t\r\n\r\n"):
        for _ in range(5):
            Client(data).reset()
            Client(data).sock.close()
            c = Client(data)
            if data:
                time.sleep(0.01)
            c.reset()
    with Client() as c:
        c.get()


def silent():
    """Nothing is said: nothing is answered, after idle_ms the connection ends."""
    param("idle_ms", 300)
    try:
        with Client() as c:
            c.ended()
        with Client() as c:
            c.get()
            c.ended()
    finally:
        param("idle_ms", 60000)


def slow_head():
    param("header_ms", 300)
    try:
        with Client(GET[:12]) as c:
            need(c.answer()[0] == 408, "status")
            c.ended()
        # a byte now and then does not buy more time
        with Client() as c:
            sender = threading.Thread(target=trickle, args=(c,))
            sender.start()
            try:
                need(c.answer()[0] == 408, "status")
                c.ended()
            finally:
                c.stop = True
                sender.join()
    finally:
        param("header_ms", 10000)


def trickle(c):
    c.stop = False
    try:
        c.send(b"GET /a.txt HTTP/1.1\r\nX: ")
        while not c.stop:
            c.send(b"x")
            time.sleep(0.05)
    except OSError:
        pass


def slow_reader():
    """Who does not read is cut off, and the others are served meanwhile."""
    param("send_ms", 500)
    try:
        with Client(b"GET /huge.bin HTTP/1.1\r\nHost: t\r\n\r\n", rcvbuf=4096) as c:
            # the server's goroutine is the last to hold it: its end shows in the counter of the others
            until(lambda: established() == 0)
            with Client() as other:
                other.get()
            got = 0
            try:
                while True:
                    n = len(c.sock.recv(1 << 16))
                    if not n:
                        break
                    got += n
            except ConnectionResetError:
                pass
            need(got < BIG, "all of it came")
    finally:
        param("send_ms", 30000)


def established():
    """Connections the server still holds, as the kernel's table of sockets has them."""
    n = 0
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            local, _, state = line.split()[1:4]
            n += state == "01" and int(local.split(":")[1], 16) == port
    return n


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        need(time.monotonic() < end, f"not so after {PATIENCE} s")
        time.sleep(0.02)


def steady_reader():
    """One that reads in small steps gets all of it."""
    with Client(b"GET /big.bin HTTP/1.1\r\nHost: t\r\n\r\n", rcvbuf=4096) as c:
        need(c.answer()[2] == content("big.bin"), "body")
        c.get()


def many():
    """200 connections at once, each used in turn, then pipelined, then all big."""
    clients = [Client() for _ in range(200)]
    for c in clients:
        c.get()
    for c in clients:
        c.send(GET * 5)
    for c in reversed(clients):
        for _ in range(5):
            need(c.answer()[2] == b"hello\n", "body")
    for c in clients[:20]:
        c.send(b"GET /big.bin HTTP/1.1\r\nHost: t\r\n\r\n")
    for c in clients[:20]:
        need(c.answer()[2] == content("big.bin"), "body")
    for c in clients:
        c.sock.close()


def file_changes():
    """A file that shrinks under the answer ends the connection, no more."""
    name = root + "/shrink.bin"
    with open(name, "wb") as f:
        f.write(b"x" * BIG)
    with Client(b"GET /shrink.bin HTTP/1.1\r\nHost: t\r\n\r\n", rcvbuf=4096) as c:
        c.more()
        os.truncate(name, 0)
        try:
            while c.more():
                pass
        except ConnectionResetError:
            pass
        need(len(c.data) < BIG, "all of it came")
    os.unlink(name)
    with Client(b"GET /shrink.bin HTTP/1.1\r\nHost: t\r\n\r\n") as c:
        need(c.answer()[0] == 404, "still there")


def cap():
    """With max_conns=4 a fifth client waits until a place is free, then is served."""
    held = [Client() for _ in range(4)]
    for c in held:
        c.get()
    with Client(GET) as fifth:
        fifth.sock.settimeout(0.5)
        try:
            fifth.sock.recv(1)
            raise Wrong("served beyond the cap")
        except TimeoutError:
            fifth.sock.settimeout(PATIENCE)
        # somebody waits: an answer now closes its connection
        held[0].send(GET)
        status, fields, _ = held[0].answer()
        need(status == 200 and fields["Connection"] == "close", f"{status} {fields}")
        held[0].ended()
        need(fifth.answer()[0] == 200, "status")
    # many more than places: each is served in the end
    for c in held:
        c.sock.close()
    crowd = [Client(GET) for _ in range(40)]
    for c in crowd:
        need(c.answer()[0] == 200, "status")
        c.sock.close()


def failure(test):
    """what went wrong in it, as a list; for other threads"""
    try:
        test()
        return []
    except (Wrong, OSError, subprocess.CalledProcessError) as e:
        return [e]


def unload_open():
    """Idle connections are closed; an answer under way is finished."""
    param("drain_ms", PATIENCE * 1000)
    idle = [Client() for _ in range(20)]
    used = [Client() for _ in range(20)]
    for c in used:
        c.get()
    begun = Client(GET[:10])
    busy = Client(b"GET /huge.bin HTTP/1.1\r\nHost: t\r\n\r\n", rcvbuf=4096)
    need(busy.more(), "no answer")
    errors = []
    rmmod = threading.Thread(target=lambda: errors.extend(failure(unload)))
    rmmod.start()
    for c in idle + used + [begun]:
        c.ended()
    need(busy.answer()[2] == content("huge.bin"), "body")
    busy.ended()
    rmmod.join()
    need(not errors, errors)
    need(not os.path.exists(PARAMS), "still loaded")


def unload_stuck():
    """A client that does not read is given up on after drain_ms."""
    param("drain_ms", 300)
    with Client(b"GET /huge.bin HTTP/1.1\r\nHost: t\r\n\r\n", rcvbuf=4096) as c:
        need(c.more(), "no answer")
        unload()
        try:
            while c.more():
                pass
        except ConnectionResetError:
            pass
        need(len(c.data) < BIG, "all of it came")


def unload_busy():
    """Under load: every answer that comes is whole."""
    stop = threading.Event()
    errors = []

    def work():
        while not stop.is_set():
            try:
                with Client() as c:
                    while not stop.is_set():
                        c.get()
            except ConnectionRefusedError:
                return
            except Wrong as e:
                # the end may come between two answers, not within one
                if "after 0 of" not in str(e) and "in a head: b''" not in str(e):
                    errors.append(str(e))
            except (ConnectionResetError, BrokenPipeError):
                pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    time.sleep(1)
    unload()
    stop.set()
    for t in threads:
        t.join()
    need(not errors, errors[:3])


def over_ipv6():
    load(addr="::1")
    with Client() as c:
        c.get()
    unload()


def bad_params():
    for args in ({"root": root + "/none"}, {"root": root + "/a.txt"}, {"addr": "nowhere"}, {"addr": "192.0.2.1"},
                 {"max_conns": 0}):
        try:
            load(**args)
        except subprocess.CalledProcessError:
            continue
        raise Wrong(f"loaded with {args}")


def main():
    print("KTAP version 1")
    make_files()
    run("parameters that cannot be", bad_params)
    run("load", load)
    names = set()
    for name, data, answers, then in REQUESTS:
        # the second of a name is told apart by its length
        name = name if name not in names else f"{name} ({len(data)} bytes)"
        names.add(name)
        run(name, check_request, data, answers, then)
    run("what was told is accepted", revalidation)
    for test in (byte_by_byte, cut_anywhere, half_then_eof, whole_then_eof, nothing_then_eof, vanish, silent,
                 slow_head, slow_reader, steady_reader, many, file_changes):
        run(test.__name__, test)
    run("unload", unload)
    run("load again", load)
    run("unload with connections open", unload_open)
    run("load, for a stuck client", load)
    run("unload with a stuck client", unload_stuck)
    run("load, for unload under load", load)
    run("unload under load", unload_busy)
    run("load with max_conns=4", lambda: load(max_conns=4))
    run("cap on connections", cap)
    run("unload, capped", unload)
    # user mode Linux has none here
    if os.path.exists("/proc/net/if_inet6"):
        run("IPv6", over_ipv6)
    print(f"1..{tests}")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
