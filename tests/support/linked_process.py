"""A link in a process of its own that tells how much of its heap lies idle: ``… TARGET_PORT``.

It says the port where the link listens; then, for each line that it is told, the bytes that have been given
back between others that are in use. It ends with its input.
"""

import asyncio
import ctypes
import random
import sys

from simulators.link import Link
from simulators.link_profile import LinkProfile

LATE = LinkProfile(base_s=(0.01, 0.01), jitter_mean_s=0.03)


class _Heap(ctypes.Structure):
    """What glibc tells of its heap: mallinfo(3)."""

    _fields_ = (
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks")),
        *((name, ctypes.c_size_t) for name in ("fsmblks", "uordblks", "fordblks", "keepcost")),
    )


def holes_bytes():
    """Bytes that are free below the end of the heap."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Heap
    heap = mallinfo()
    return heap.fordblks - heap.keepcost


async def main(target_port):
    # who has given back one large block, as every process of numpy, gets the next ones from the heap
    bytes(30_000_000)
    link = Link(host="127.0.0.1", port=0, profile=LATE, rng=random.Random(1))
    await link.open(target_port)
    print(link.port, flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(holes_bytes(), flush=True)
    await link.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
