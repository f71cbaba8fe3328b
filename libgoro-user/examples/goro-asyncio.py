#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libgoro-user from Python, by ctypes: numbers go through a goroutine of the kernel, under asyncio.

A channel's and a task's descriptor is readable when a receive would not wait or the task has ended, so the
event loop watches them, and no thread is needed: each call has the deadline GORO_NOW.

GORO_LIB names the library (default: libgoro-user.so.1, as the linker finds it).
"""
import asyncio
import ctypes
import errno
import os
import struct

lib = ctypes.CDLL(os.environ.get("GORO_LIB", "libgoro-user.so.1"))
U32, U64, INT, PTR = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int, ctypes.c_void_p
for name, *args in [
        ("dev_open",),
        ("kchan_make", INT, U32, U64, U32),
        ("kchan_send_until", INT, PTR, U64),
        ("kchan_recv_until", INT, PTR, U64),
        ("kchan_close", INT),
        ("ktask_spawn", INT, ctypes.c_char_p, PTR, U32, ctypes.POINTER(INT), U32),
        ("ktask_wait", INT, ctypes.POINTER(INT), U64)]:
    getattr(lib, "goro_" + name).argtypes = args
NOW = 0


def ok(ret):
    """What a call returned, which is -errno where it failed."""
    if ret < 0:
        raise OSError(-ret, os.strerror(-ret))
    return ret


class Fd:
    """A descriptor of goro's; asyncio waits for it where a call would block."""

    def __init__(self, fd):
        self.fd = ok(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    async def call(self, watch, unwatch, fn, *args):
        """fn(fd, *args), again whenever the loop finds the descriptor ready, until it need not wait."""
        while (ret := fn(self.fd, *args)) == -errno.EAGAIN:
            ready = asyncio.get_running_loop().create_future()
            watch(self.fd, lambda f=ready: f.done() or f.set_result(None))
            try:
                await ready
            finally:
                unwatch(self.fd)
        return ok(ret)

    async def readable(self, fn, *args):
        loop = asyncio.get_running_loop()
        return await self.call(loop.add_reader, loop.remove_reader, fn, *args)

    async def writable(self, fn, *args):
        loop = asyncio.get_running_loop()
        return await self.call(loop.add_writer, loop.remove_writer, fn, *args)


class Chan(Fd):
    """A channel of elements of one struct format, for "async for"."""

    def __init__(self, dev, fmt, cap):
        self.format = struct.Struct(fmt)
        self.buf = ctypes.create_string_buffer(self.format.size)
        super().__init__(lib.goro_kchan_make(dev.fd, self.format.size, cap, 0))

    async def send(self, *values):
        await self.writable(lib.goro_kchan_send_until, self.format.pack(*values), NOW)

    def close(self):
        """Go's close(c): receivers get what is left, then the end."""
        ok(lib.goro_kchan_close(self.fd))

    async def __aiter__(self):
        while await self.readable(lib.goro_kchan_recv_until, self.buf, NOW):
            yield self.format.unpack(self.buf.raw)


class Task(Fd):
    """A goroutine of the kernel."""

    def __init__(self, dev, name, *chans):
        fds = (INT * len(chans))(*(c.fd for c in chans))
        super().__init__(lib.goro_ktask_spawn(dev.fd, name.encode(), None, 0, fds, len(chans)))

    async def wait(self):
        result = INT()
        await self.readable(lib.goro_ktask_wait, ctypes.byref(result), NOW)
        return result.value


async def main():
    with Fd(lib.goro_dev_open()) as dev, Chan(dev, "=q", 4) as numbers, Chan(dev, "=q", 4) as back, \
            Task(dev, "echo", numbers, back) as echo:

        async def produce():
            for i in range(1, 1001):
                await numbers.send(i)
            numbers.close()

        async def consume():
            return sum([n async for (n,) in back])

        async def close_when_done():
            passed = await echo.wait()
            back.close()
            return passed

        _, total, passed = await asyncio.gather(produce(), consume(), close_when_done())
        print(f"{passed} numbers through the kernel, their sum {total}")


asyncio.run(main())
