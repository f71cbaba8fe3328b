# SPDX-License-Identifier: GPL-2.0-only
"""What the server's tests share: the files it serves, a client on a raw socket, the server itself, KTAP.

Nothing here asserts how long something takes; a wait that does not end fails after PATIENCE seconds. A client that
has its answer knows nothing of what the server's goroutine does next: where that counts, Kernel.idle() tells.
"""
import contextlib
import os
import re
import socket
import struct
import subprocess
import sys
import time
import traceback

PATIENCE = 200
# the server's, for clients who stand still because the machine does
PATIENT = {name: 5 * PATIENCE * 1000 for name in ("header_ms", "body_ms", "send_ms", "idle_ms", "drain_ms")}
GOROUTINES = "/sys/kernel/debug/goro/goroutines"
PARAMS = "/sys/module/goro_httpd/parameters/"
OLD = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
BIG = 8 << 20


class Wrong(Exception):
    """the answer is not what it must be"""


def need(condition, what):
    if not condition:
        raise Wrong(what)


class Server:
    """Where it listens, and the files it serves. .base/root is what requests see."""

    def __init__(self, base, host="127.0.0.1", port=0):
        self.base, self.root = base, base + "/root"
        self.host, self.port = host, port
        os.chmod(base, 0o755)
        for d in ("", "/sub", "/noindex", "/closed", "/dirindex", "/dirindex/index.html"):
            os.mkdir(self.root + d)
        self.put("outside.txt", b"outside\n")
        self.put("root/a.txt", b"hello\n")
        self.put("root/ten.txt", b"0123456789")
        self.put("root/probe.txt", b"the connection goes on\n")
        self.put("root/empty.txt", b"")
        self.put("root/big.bin", os.urandom(1 << 20))
        self.put("root/huge.bin", os.urandom(1 << 16) * (BIG >> 16))
        self.put("root/index.html", b"<p>root</p>\n")
        self.put("root/sub/index.html", b"<p>sub</p>\n")
        self.put("root/sub/b.html", b"<p>b</p>\n")
        self.put("root/with blank.txt", b"blank\n")
        self.put("root/pic.PNG", b"no picture\n")
        self.put("root/noindex/c.txt", b"c\n")
        self.put("root/secret.txt", b"secret\n", 0o600)
        self.put("root/closed/d.txt", b"d\n")
        self.put("root/future.txt", b"later\n", when=4102444800)
        os.chmod(self.root + "/closed", 0o700)
        os.mkfifo(self.root + "/fifo", 0o644)
        for name, to in (("in-link", "sub/b.html"), ("out-link", "../outside.txt"), ("abs-link", self.root + "/a.txt"),
                         ("etc-link", "/etc/passwd"), ("dir-out", ".."), ("loop", "loop")):
            os.symlink(to, f"{self.root}/{name}")

    def put(self, name, data, mode=0o644, when=OLD):
        name = f"{self.base}/{name}"
        with open(name, "wb") as f:
            f.write(data)
        os.chmod(name, mode)
        os.utime(name, (when, when))

    def content(self, name):
        with open(f"{self.root}/{name}", "rb") as f:
            return f.read()


class Kernel(Server):
    """goro_httpd.ko, loaded and unloaded at will"""

    def __init__(self, base, module):
        super().__init__(base)
        self.module = module

    def load(self, **params):
        self.host = params.get("addr", "127.0.0.1")
        args = {"root": self.root, "port": 0, **PATIENT, **params}
        subprocess.run(["insmod", self.module] + [f"{k}={v}" for k, v in args.items()], check=True,
                       capture_output=True)
        self.port = int(self.param("port"))

    def unload(self):
        """Returns the numbers it says at the end, which must add up."""
        subprocess.run(["rmmod", "goro_httpd"], check=True)
        log = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
        said = re.findall(r"goro_httpd: (\d+) requests; (\d+) connections opened, (\d+) closed; "
                          r"(\d+) for others, (\d+) refused", log)
        need(said and said[-1][1] == said[-1][2], f"unload said {said[-1:]}")
        return dict(zip(("requests", "opened", "closed", "evicted", "refused"), map(int, said[-1])))

    def param(self, name, value=None):
        with open(PARAMS + name, "r" if value is None else "w", encoding="ascii") as f:
            return f.read().strip() if value is None else f.write(str(value))

    @contextlib.contextmanager
    def having(self, **params):
        """These parameters, for a while."""
        was = {name: self.param(name) for name in params}
        try:
            for name, value in params.items():
                self.param(name, value)
            yield
        finally:
            for name, value in was.items():
                self.param(name, value)

    def sockets(self):
        """How many of its connections the kernel has in a state in which a process (or we) holds them."""
        n = 0
        with open("/proc/net/tcp", encoding="ascii") as f:
            for line in f.readlines()[1:]:
                local, _, state = line.split()[1:4]
                # established, close wait
                n += state in ("01", "08") and int(local.split(":")[1], 16) == self.port
        return n

    def goroutines(self):
        """How many connections' goroutines there are."""
        with open(GOROUTINES, encoding="utf-8", errors="replace") as f:
            return f.read().count("httpd-conn")

    def waiting(self, name, reason):
        """How many goroutines of that name are parked for that reason, and readied by nobody yet."""
        with open(GOROUTINES, encoding="utf-8", errors="replace") as f:
            return len(re.findall(rf"^goroutine \d+ \[waiting: {reason}[ ,].*\]: {name}: ", f.read(), re.MULTILINE))

    def idle(self):
        """How many connections wait for a request, if every client has had what it asked for and has sent no more.

        Only then: who waits for the rest of a request, or for room to send, is parked in the same way. Who has
        answered has taken the request, and parks next to wait for another one.
        """
        return self.waiting("httpd-conn", "poll")


def threads():
    """goro's kernel threads"""
    n = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as f:
                n += f.read().startswith("goro/")
        except FileNotFoundError:
            pass
    return n


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        need(time.monotonic() < end, f"not so after {PATIENCE} s")
        time.sleep(0.1)


class Client:
    """A connection; what was received and not looked at yet is in self.data."""

    def __init__(self, server, data=b"", rcvbuf=0, source=None, patience=PATIENCE):
        self.server, self.patience = server, patience
        self.sock = socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if source:
            self.sock.bind((source, 0))
        self.sock.settimeout(patience)
        self.sock.connect((server.host, server.port))
        self.data = b""
        if data:
            self.send(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def try_send(self, data):
        """The same to a server that may close meanwhile."""
        try:
            self.send(data)
        except OSError:
            pass

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def more(self):
        """Receive something; False at the end of the stream."""
        try:
            got = self.sock.recv(1 << 16)
        except TimeoutError:
            raise Wrong(f"nothing came for {self.patience} s") from None
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
        lines = top.decode("latin-1").split("\r\n")
        m = re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Z][A-Za-z -]+", lines[0])
        need(m, f"status line {lines[0]!r}")
        fields = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            need(name not in fields, f"{name} twice")
            fields[name] = value
        status = int(m[1])
        body = b""
        if status != 304 and status >= 200:
            n = int(fields["Content-Length"])
            body = b"" if head else self.take(n)
        return status, fields, body

    def get(self, path="a.txt"):
        """A request that must be answered with that file."""
        self.send(b"GET /" + path.encode() + b" HTTP/1.1\r\nHost: t\r\n\r\n")
        status, fields, body = self.answer()
        need(status == 200 and body == self.server.content(path), f"{path}: {status}, {len(body)} bytes")
        return fields

    def ended(self):
        """No more bytes, then the end, and not by a reset."""
        try:
            need(not self.more(), f"more came: {self.data[:100]!r}")
        except ConnectionResetError:
            raise Wrong("reset, not closed") from None

    def gone(self):
        """The same to one that may have sent something after the server had made up its mind: a reset is fine, too."""
        try:
            need(not self.more(), f"more came: {self.data[:100]!r}")
        except ConnectionResetError:
            pass

    def hurry(self):
        """From now on a reader like others, if it was made with a small rcvbuf."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def drain(self):
        """All that comes until the end, or a reset."""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            pass

    def reset(self):
        """Go away with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Points:
    """KTAP"""

    def __init__(self):
        self.n = self.failures = 0
        print("KTAP version 1")

    def run(self, name, test, *args):
        self.n += 1
        try:
            test(*args)
            print(f"ok {self.n} - {name}", flush=True)
        except (Wrong, OSError, ValueError, KeyError, subprocess.CalledProcessError) as e:
            self.failures += 1
            print(f"not ok {self.n} - {name} # {type(e).__name__}: {e}")
            for line in traceback.format_exc().splitlines():
                print("# " + line, flush=True)

    def end(self):
        print(f"1..{self.n}")
        sys.exit(self.failures != 0)
