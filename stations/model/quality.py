"""How far a value can be trusted, and why not further."""

from enum import IntEnum, StrEnum


class Quality(IntEnum):
    """Ordered so that ``min`` over inputs gives the quality of what is computed from them."""

    BAD = 0
    UNCERTAIN = 1
    GOOD = 2


class Reason(StrEnum):
    """Why a reading has its quality; ``OK`` only with ``GOOD``."""

    OK = "ok"
    # bad: there is no value
    NEVER_READ = "never_read"
    NO_ANSWER = "no_answer"
    """Bad where nothing was ever answered; uncertain for the last value when the newest poll was missed."""
    LINK_DOWN = "link_down"
    DEVICE_EXCEPTION = "device_exception"
    MALFORMED_ANSWER = "malformed_answer"
    SENTINEL = "sentinel"
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"
    STATUS_BAD = "status_bad"
    UNKNOWN_POINT = "unknown_point"
    FUTURE_TIMESTAMP = "future_timestamp"
    QUARANTINED = "quarantined"
    # uncertain: there is a value, and a doubt
    STATUS_UNCERTAIN = "status_uncertain"
    CLOCK_SKEW = "clock_skew"
    RATE = "rate"
    SPIKE = "spike"
    FROZEN = "frozen"
    SWAPPED = "swapped"
    UNIT_SWAP = "unit_swap"
    COUNTER_RESET = "counter_reset"
    ENERGY_BALANCE = "energy_balance"
    SUBSTITUTED = "substituted"
    ESTIMATED = "estimated"
    STALE = "stale"
