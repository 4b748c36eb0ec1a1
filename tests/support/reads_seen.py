"""Which connections are read into blocks of memory that are made for each read."""

import socket


def ports_read_in_blocks(monkeypatch):
    """The local ports of such connections, a set that fills while a test runs."""
    ports, recv = set(), socket.socket.recv

    def seen(sock, *arguments):
        ports.add(sock.getsockname()[1])
        return recv(sock, *arguments)

    monkeypatch.setattr(socket.socket, "recv", seen)
    return ports
