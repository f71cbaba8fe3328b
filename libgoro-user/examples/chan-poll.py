#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A channel from Python, no library: wait with select.poll, read whole elements with os.read.

chan-poll.py FD: take elements of four 64-bit words from the channel on FD until it is closed and print
the sums.
"""
import os
import select
import struct
import sys

ELEM = struct.Struct("=4Q")

fd = int(sys.argv[1])
os.set_blocking(fd, False)
poller = select.poll()
poller.register(fd, select.POLLIN)
sums = [0] * 4
while True:
    [(_, events)] = poller.poll()
    # up to 16 elements at once; b"" is the end: closed and drained
    data = os.read(fd, 16 * ELEM.size)
    if not data:
        assert events & select.POLLHUP
        break
    for words in ELEM.iter_unpack(data):
        sums = [a + b for a, b in zip(sums, words)]
print(*sums)
