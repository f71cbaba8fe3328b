#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""waits.py LIBRARY FILE: a process over suspends. One thread starts tasks that sleep and waits for each, in an
ioctl; one waits on a channel all the time. How many tasks have ended goes to FILE; at the end of stdin the
channel gets its element. Exits 0 if no wait was cut short and nothing was lost.
"""
import ctypes
import os
import sys
import threading

goro = ctypes.CDLL(sys.argv[1], use_errno=True)
goro.goro_kchan_make.argtypes = [ctypes.c_int, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_uint32]
goro.goro_ktask_wait.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64]
FOREVER = 2**64 - 1
over = threading.Event()
wrong = []


def check(ret, want, what):
    if ret != want:
        wrong.append("%s: %d" % (what, ret))
        over.set()


def tasks():
    done = 0
    while not over.is_set():
        ns = ctypes.c_uint64(20_000_000)
        task = goro.goro_ktask_spawn(dev, b"sleep", ctypes.byref(ns), 8, None, 0)
        if task < 0:
            return check(task, 0, "spawn")
        result = ctypes.c_int(-1)
        check(goro.goro_ktask_wait(task, ctypes.byref(result), FOREVER), 0, "wait")
        check(result.value, 0, "sleep")
        os.close(task)
        done += 1
        with open(sys.argv[2] + ".new", "w", encoding="ascii") as f:
            f.write("%d\n" % done)
        os.rename(sys.argv[2] + ".new", sys.argv[2])


def receiver():
    v = ctypes.c_uint64()
    check(goro.goro_kchan_recv(chan, ctypes.byref(v)), 1, "receive")
    check(v.value, 4711, "element")


dev = goro.goro_dev_open()
chan = goro.goro_kchan_make(dev, 8, 0, 0)
if dev < 0 or chan < 0:
    sys.exit("no device or channel: %d, %d" % (dev, chan))
threads = [threading.Thread(target=f) for f in (tasks, receiver)]
for t in threads:
    t.start()
sys.stdin.read()
over.set()
element = ctypes.c_uint64(4711)
check(goro.goro_kchan_send(chan, ctypes.byref(element)), 0, "send")
for t in threads:
    t.join()
sys.exit("; ".join(wrong) or None)
