#!/usr/bin/env python3
"""A TCP door to a unix socket, for clients that know only addresses.

    door.py SOCKET FILE

FILE gets the port. Ends with SIGTERM.
"""
import asyncio
import os
import signal
import sys


async def pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main():
    path, file = sys.argv[1:]

    async def enter(reader, writer):
        try:
            far = await asyncio.open_unix_connection(path)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pipe(reader, far[1]), pipe(far[0], writer))

    server = await asyncio.start_server(enter, "127.0.0.1", 0)
    with open(file + ".new", "w") as f:
        f.write(str(server.sockets[0].getsockname()[1]))
    os.rename(file + ".new", file)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 0)
    await asyncio.Event().wait()


asyncio.run(main())
