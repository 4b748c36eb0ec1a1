"""Terms of the setpoint contract that the guard's oracle is written in; shares no code with the guard."""

HAIR = 1e-4


def drive_breaks(traits, seen):
    found = []
    if traits.station_class.value not in "ATB" or traits.heat is None:
        found.append("drives a loop of class C")
    if traits.emitter == "dhw":
        found.append("drives hot water")
    if not traits.proven:
        found.append("drives without proof")
    if seen is None:
        return [*found, "drives blind"]
    if seen.mode.value == "local":
        found.append("drives a local loop")
    if seen.season.value not in ("trial", "heating"):
        found.append(f"drives in season {seen.season}")
    if not seen.readmitted:
        found.append("drives before re-entry")
    return found


def history_of(traits, context):
    return context.sent.get(traits.key, ())


def sent_since(history, context, seconds):
    """What was in force at any time of the last seconds."""
    start = context.monotonic - seconds
    first = max((i for i, s in enumerate(history) if s.at <= start), default=0)
    return history[first:]


def at_present(traits, sent, context):
    """A class B station holds an offset to its curve, the others a temperature."""
    if traits.station_class.value != "B" or sent.T_own_curve is None:
        return sent.T_supply
    return sent.T_supply - sent.T_own_curve + traits.own_curve(context.T_outdoor_centre.value)


def held_by(traits, history, context):
    return at_present(traits, history[-1], context)


def allowed_temperatures(traits, context):
    """Lowest and highest supply temperature that the contract allows this loop; earlier clauses win."""
    high = min(traits.T_supply_max_degC, 55.0 if traits.emitter == "floor" else 85.0)
    low = min(max(25.0, traits.T_supply_min_degC), high)
    own = traits.own_curve(context.T_outdoor_centre.value)
    there = fallback(traits, context.observations.get(traits.key), context)
    lowest = own - 8.0 if there is None else min(own - 8.0, there)  # it may begin where it is by itself
    low, high = clipped(lowest, low, high), clipped(own + 8.0, low, high)
    if traits.station_class.value == "B":
        availability = context.link_availability_24h.get(traits.key.station)
        forecast = context.T_outdoor_forecast_min
        sure = availability is not None and availability >= 0.99 and forecast is not None and forecast >= -5.0
        down = max(traits.offset_lower_K, -3.0 if sure else -1.0)
        up = min(traits.offset_upper_K, 5.0)
        low, high = clipped(own + down, low, high), clipped(own + up, low, high)
    return low, high


def right(reading):
    return reading.quality.name == "GOOD" or reading.reason.name == "CLOCK_SKEW"


def fallback(traits, seen, context):
    """Where a station that is not told our weather goes by itself; None for others."""
    if traits.takes_outdoor or traits.station_class.value == "B" or seen is None:
        return None
    its = seen.T_outdoor
    known = right(its) and -5 <= context.now - its.received_at <= 600
    return traits.own_curve(its.value if known else -5.0)


def cold_water(seen, context):
    return min(known_water(seen, context), default=99.0) < 10.0


def unknown_water(seen, context):
    outdoor = context.T_outdoor_centre.value
    few = len(known_water(seen, context)) < 2 and (outdoor is None or outdoor < 3.0)
    return few and not cold_water(seen, context)


def known_water(seen, context):
    return [
        r.value
        for r in (seen.T_return, seen.T_supply)
        if r.value is not None and -5 <= context.now - r.received_at <= 600
    ]


def flow_allowed(traits, m_flow):
    return 0.3 * traits.m_flow_design - HAIR <= m_flow <= traits.m_flow_design + HAIR


def clipped(value, low, high):
    return max(low, min(value, high))
