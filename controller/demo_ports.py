"""Ports for a demo's stations, so that demos can run side by side, however soon one follows the other."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

BLOCK = 500
BASES = range(20000, 30000, BLOCK)


class NoPorts(Exception):
    """So many ports in a row are not free; the text says where they were looked for."""


@contextmanager
def reserved_ports(count: int) -> Iterator[int]:
    """Reserve ``count`` ports in a row for the length of the block, and give the first; raises NoPorts.

    The stations bind them some seconds later. Another demo sees before that that they are taken: each block
    of ports is marked by an abstract socket, which is the network namespace's own as ports are, and is gone
    with its process however that ends.
    """
    for base in BASES:
        with ExitStack() as marks:
            if _marked(base, count, marks) and all(_is_free(port) for port in range(base, base + count)):
                yield base
                return
    raise NoPorts(f"no {count} free ports in a row between {BASES.start} and {BASES.stop}")


def _marked(base: int, count: int, marks: ExitStack) -> bool:
    """Mark all blocks from ``base`` on as ours; tell whether they were nobody's."""
    for block in range(base, base + count, BLOCK):
        mark = marks.enter_context(socket.socket(socket.AF_UNIX))
        try:
            mark.bind(f"\0dhc-demo-{block}")
        except OSError:
            return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
