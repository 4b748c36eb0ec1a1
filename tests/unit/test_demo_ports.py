"""Demos side by side: no two are given the same ports, and who ends gives them back."""

import socket

import pytest

from controller import demo_ports
from controller.demo_ports import NoPorts, reserved_ports

BLOCK = 50
FIRST, STOP = 6_600, 6_600 + 4 * BLOCK
"""Below what other tests and connects draw theirs from."""


@pytest.fixture(autouse=True)
def own_blocks(monkeypatch):
    """Small blocks that no demo of another test uses."""
    monkeypatch.setattr(demo_ports, "BLOCK", BLOCK)
    monkeypatch.setattr(demo_ports, "BASES", range(FIRST, STOP, BLOCK))


def test_a_demo_that_has_not_bound_its_ports_yet_keeps_them():
    with reserved_ports(10) as first:
        with reserved_ports(10) as second:
            assert (first, second) == (FIRST, FIRST + BLOCK)
        with reserved_ports(10) as again:
            assert again == second, "what ended gave its ports back"
    with reserved_ports(10) as later:
        assert later == first


def test_a_large_demo_keeps_all_of_its_blocks():
    with reserved_ports(BLOCK + 1), reserved_ports(1) as small:
        assert small == FIRST + 2 * BLOCK


def test_ports_that_somebody_else_has_are_left_to_them():
    with socket.socket() as other:
        other.bind(("127.0.0.1", FIRST + 3))
        with reserved_ports(10) as base:
            assert base == FIRST + BLOCK


def test_where_none_are_left_it_is_said_where_they_were_looked_for():
    said = f"no 1 free ports in a row between {FIRST} and {STOP}"
    with reserved_ports(4 * BLOCK), pytest.raises(NoPorts, match=said), reserved_ports(1):
        pass
