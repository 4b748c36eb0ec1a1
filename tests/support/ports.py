"""Free TCP ports for servers whose port stands in a file."""

import os
import random
import socket


def free_block(count):
    """The first of ``count`` free ports in a row, below the range from which connects draw theirs."""
    rng = random.Random(os.urandom(8))
    for _ in range(200):
        first = rng.randrange(10_000, 32_000 - count)
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.create_server(("127.0.0.1", port)))
        except OSError:
            continue
        else:
            return first
        finally:
            for sock in sockets:
                sock.close()
    raise AssertionError(f"no {count} free ports in a row")
