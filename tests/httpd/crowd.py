# SPDX-License-Identifier: GPL-2.0-only
"""The server under many clients: a thousand at once, the cap on connections, unload with connections open.

Every unload adds up what the module says at its end (client.py), and that no goroutine of it is left.
"""
import resource
import threading
import time
from subprocess import CalledProcessError

from client import BIG, PATIENCE, Client, Wrong, need, threads, until

GET = b"GET /a.txt HTTP/1.1\r\nHost: t\r\n\r\n"
HUGE = b"GET /huge.bin HTTP/1.1\r\nHost: t\r\n\r\n"
PART = b"GET /big.bin HTTP/1.1\r\nHost: t\r\nRange: bytes=0-199999\r\n\r\n"
BODY = b"POST /a.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc"
THOUSAND = 1000


def many(s):
    """200 connections at once, each used in turn, then pipelined, then some big."""
    clients = [Client(s) for _ in range(200)]
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
        need(c.answer()[2] == s.content("big.bin"), "body")
    for c in clients:
        c.sock.close()


def half_closed(s):
    """A thousand clients that send no more, before, within and behind a request, and while they are answered."""
    begun = (b"", GET[:20], GET, BODY, GET * 3, PART)
    clients = [Client(s, begun[i % len(begun)]) for i in range(THOUSAND)]
    until(lambda: s.goroutines() == THOUSAND)
    need(threads() < 64, f"{threads()} threads for {THOUSAND} connections")
    for c in clients:
        c.half_close()
    want = ([], [400], [200], [400], [200] * 3, [206])
    part = s.content("big.bin")[:200000]
    for i, c in enumerate(clients):
        for status in want[i % len(begun)]:
            got, _, body = c.answer()
            need(got == status and (got != 206 or body == part), f"client {i}: {got}, {len(body)} bytes")
        c.ended()
    until(lambda: s.goroutines() == 0)
    need(s.sockets() == 0, f"{s.sockets()} sockets left")
    for c in clients:
        c.sock.close()


def unload(s):
    """rmmod: what the module counted, and nothing of it is left."""
    said = s.unload()
    need(s.goroutines() == 0 and s.sockets() == 0, f"{s.goroutines()} goroutines, {s.sockets()} sockets left")
    return said


def unload_thousand(s):
    """With a thousand connections open, in every state there is."""
    s.param("drain_ms", 300)
    begun = (b"", GET, GET[:20], BODY, HUGE)
    clients = [Client(s, begun[i % len(begun)], rcvbuf=4096 if begun[i % len(begun)] is HUGE else 0)
               for i in range(THOUSAND)]
    for i, c in enumerate(clients):
        if i % len(begun) == 1:
            need(c.answer()[0] == 200, "status")
        elif i % len(begun) == 4:
            need(c.more(), "no answer")
    until(lambda: s.goroutines() == THOUSAND)
    need(threads() < 64, f"{threads()} threads for {THOUSAND} connections")
    said = unload(s)
    need(said["opened"] == THOUSAND, f"unload said {said}")
    for i, c in enumerate(clients):
        c.drain()
        need(len(c.data) < BIG if i % len(begun) == 4 else not c.data, f"client {i} got {len(c.data)} bytes")
        c.sock.close()


def failure(test, *args):
    """what went wrong in it, as a list; for other threads"""
    try:
        test(*args)
        return []
    except (Wrong, OSError, CalledProcessError) as e:
        return [e]


def unload_open(s):
    """Idle connections are closed; an answer under way is finished."""
    idle = [Client(s) for _ in range(20)]
    used = [Client(s) for _ in range(20)]
    for c in used:
        c.get()
    begun = [Client(s, GET[:10]), Client(s, BODY)]
    busy = Client(s, HUGE, rcvbuf=4096)
    need(busy.more(), "no answer")
    errors = []
    rmmod = threading.Thread(target=lambda: errors.extend(failure(unload, s)))
    rmmod.start()
    for c in idle + used + begun:
        c.ended()
    busy.hurry()
    need(busy.answer()[2] == s.content("huge.bin"), "body")
    busy.ended()
    rmmod.join()
    need(not errors, errors)


def unload_stuck(s):
    """A client that does not read is given up on after drain_ms."""
    s.param("drain_ms", 300)
    with Client(s, HUGE, rcvbuf=4096) as c:
        need(c.more(), "no answer")
        unload(s)
        c.drain()
        need(len(c.data) < BIG, "all of it came")


def unload_busy(s):
    """Under load: every answer that comes is whole."""
    stop = threading.Event()
    errors = []
    served = [0] * 8

    def work(i):
        while not stop.is_set():
            try:
                with Client(s) as c:
                    while not stop.is_set():
                        c.get()
                        served[i] += 1
            except ConnectionRefusedError:
                return
            except Wrong as e:
                # the end may come between two answers, not within one
                if "after 0 of" not in str(e) and "in a head: b''" not in str(e):
                    errors.append(str(e))
            except (ConnectionResetError, BrokenPipeError):
                pass

    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in workers:
        t.start()
    until(lambda: min(served) >= 10)
    unload(s)
    stop.set()
    for t in workers:
        t.join()
    need(not errors, errors[:3])


def cap_idle(s):
    """At the cap of 4 who has waited longest for a request goes for the new one, and only that one."""
    def get_and_wait(c):
        # who is about to wait when the next client comes would go by itself
        c.get()
        until(lambda: s.idle() == 4)

    held = [Client(s) for _ in range(4)]
    # as old as their places in the list
    for c in held:
        get_and_wait(c)
    with Client(s, GET) as fifth:
        need(fifth.answer()[0] == 200, "status")
        held[0].ended()
        until(lambda: s.idle() == 4)
        # the first is gone: the next in age is the third, once the second was used
        get_and_wait(held[1])
        with Client(s, GET) as sixth:
            need(sixth.answer()[0] == 200, "status")
            held[2].ended()
            for c in (held[1], held[3], fifth, sixth):
                c.get()
    for c in held:
        c.sock.close()
    until(lambda: s.goroutines() == 0)


def cap_busy(s):
    """Where nobody is idle the fifth waits; an answer that ends then makes room, and nobody is cut off."""
    held = [Client(s, HUGE, rcvbuf=4096) for _ in range(4)]
    for c in held:
        need(c.more(), "no answer")
    with Client(s, GET) as fifth:
        # the acceptor has seen it, and has no place for it, for as long as it looks for somebody to send away
        until(lambda: s.waiting("httpd-accept", "chan send") == 1)
        fifth.sock.settimeout(0.5)
        try:
            fifth.sock.recv(1)
            raise Wrong("served beyond the cap")
        except TimeoutError:
            fifth.sock.settimeout(PATIENCE)
        need(s.goroutines() == 4, f"{s.goroutines()} connections")
        held[0].hurry()
        need(held[0].answer()[2] == s.content("huge.bin"), "body")
        held[0].ended()
        need(fifth.answer()[0] == 200, "status")
    for c in held[1:]:
        c.hurry()
        need(c.answer()[2] == s.content("huge.bin"), "body")
    for c in held:
        c.sock.close()
    until(lambda: s.goroutines() == 0)


def cap_slow(s):
    """Who takes an answer too slowly for a place that another waits for, though not for send_ms, is cut off."""
    with s.having(send_ms=30000):
        held = [Client(s, HUGE, rcvbuf=4096) for _ in range(4)]
        with Client(s, GET, patience=6) as fifth:
            # in steps of which each is too long for a tenth of send_ms, and in which no answer comes to its end
            for _ in range(6):
                # to the next 16 KiB: for those before, it was not crowded yet
                for c in held:
                    try:
                        c.take(1 << 19)
                    except (Wrong, ConnectionResetError):
                        pass
                try:
                    if fifth.more():
                        break
                except Wrong:
                    pass
            fifth.sock.settimeout(PATIENCE)
            need(fifth.answer()[0] == 200, "status")
        for c in held:
            c.sock.close()
    until(lambda: s.goroutines() == 0)


def cap_silent(s):
    """Who never sent anything has a place for a while, not for idle_ms."""
    held = [Client(s) for _ in range(4)]
    until(lambda: s.goroutines() == 4)
    with Client(s, GET) as fifth, Client(s, GET) as sixth:
        need(fifth.answer()[0] == 200 and sixth.answer()[0] == 200, "status")
    for c in held:
        c.sock.close()
    until(lambda: s.goroutines() == 0)


def cap_empty_lines(s):
    """Nor does it help to send empty lines, or halves of them."""
    held = [Client(s) for _ in range(4)]
    until(lambda: s.goroutines() == 4)
    stop = threading.Event()

    def work():
        steps = [b"\r\n", b"\r\n", b"\r", b"\n"]
        while not stop.wait(0.2):
            for i, c in enumerate(held):
                c.try_send(steps[2 * (i % 2)])
            steps = steps[1:] + steps[:1]

    sender = threading.Thread(target=work)
    sender.start()
    try:
        for _ in range(2):
            with Client(s, GET) as c:
                need(c.answer()[0] == 200, "status")
    finally:
        stop.set()
        sender.join()
    for c in held:
        c.sock.close()
    until(lambda: s.goroutines() == 0)


def cap_crowd(s):
    """Many more than places, all of whom would keep theirs: each is served in the end, again and again."""
    clients = [Client(s, GET) for _ in range(40)]
    for c in clients:
        need(c.answer()[0] == 200, "status")
    errors, served = [], []

    def work():
        n = 0
        while n < 20:
            try:
                with Client(s) as c:
                    while n < 20:
                        c.get()
                        n += 1
            except (Wrong, ConnectionResetError, BrokenPipeError) as e:
                # closed for another's sake, between two answers
                if isinstance(e, Wrong) and "in a head: b''" not in str(e):
                    errors.append(str(e))
                    return
        served.append(n)

    workers = [threading.Thread(target=work) for _ in range(16)]
    for t in workers:
        t.start()
    for t in workers:
        t.join()
    need(not errors and served == [20] * 16, f"{errors[:3]} {served}")
    for c in clients:
        c.sock.close()


def unload_capped(s):
    said = unload(s)
    # two in cap_idle, one or two in cap_silent and in cap_empty_lines
    need(said["evicted"] >= 4, f"unload said {said}")


def share(s):
    """max_per_addr=2: a third connection of an address is told 503, another address is served."""
    with Client(s) as a, Client(s) as b:
        a.get()
        b.get()
        with Client(s) as c:
            status, fields, _ = c.answer()
            need(status == 503 and fields["Retry-After"] == "1", f"{status} {fields}")
            c.ended()
        with Client(s, source="127.0.0.2") as c:
            c.get()
        a.get()
        b.get()
    until(lambda: s.goroutines() == 0)
    with Client(s) as c:
        c.get()
    said = unload(s)
    need(said["refused"] == 1, f"unload said {said}")


def run(points, s):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * THOUSAND, 4 * THOUSAND))
    points.run("load again", s.load)
    points.run("many", many, s)
    points.run("half_closed", half_closed, s)
    points.run("unload_many", unload, s)
    points.run("load, for a thousand", s.load)
    points.run("unload_thousand", unload_thousand, s)
    for test in (unload_open, unload_stuck, unload_busy):
        points.run("load", s.load)
        points.run(test.__name__, test, s)
    points.run("load with max_conns=4", lambda: s.load(max_conns=4))
    for test in (cap_idle, cap_busy, cap_slow, cap_silent, cap_empty_lines, cap_crowd, unload_capped):
        points.run(test.__name__, test, s)
    points.run("load with max_per_addr=2", lambda: s.load(max_per_addr=2))
    points.run("share", share, s)
