"""Words of the field that several screens say: points, reasons, links, modes; see docs/glossary.md."""

from hmi.language import N_, Words

POINT: dict[str, str] = {
    "T_supply_primary": N_("Primary supply temperature"),
    "T_return_primary": N_("Primary return temperature"),
    "m_flow_primary": N_("Primary flow"),
    "p_supply_primary": N_("Primary supply pressure"),
    "p_return_primary": N_("Primary return pressure"),
    "y_valve_primary": N_("Primary valve opening"),
    "Q_flow_primary": N_("Primary heat flow"),
    "E_heat_primary": N_("Heat counter"),
    "V_primary": N_("Primary volume counter"),
    "T_outdoor": N_("Outdoor temperature"),
    "alarm_word": N_("Alarm word"),
    "A_heated": N_("Heated area"),
    "T_supply_secondary": N_("Secondary supply temperature"),
    "T_return_secondary": N_("Secondary return temperature"),
    "m_flow_secondary": N_("Secondary circulation"),
    "p_supply_secondary": N_("Secondary supply pressure"),
    "p_return_secondary": N_("Secondary return pressure"),
    "y_valve_loop": N_("Loop valve opening"),
    "y_pump_secondary": N_("Circulation pump speed"),
    "P_pump_secondary": N_("Circulation pump power"),
    "E_pump_secondary": N_("Circulation pump counter"),
    "V_secondary": N_("Circulation volume counter"),
    "m_flow_makeup": N_("Make-up flow"),
    "V_makeup": N_("Make-up counter"),
    "level_makeup": N_("Make-up tank level"),
    "T_indoor_mean": N_("Mean indoor temperature"),
    "T_supply_source": N_("Source supply temperature"),
    "T_return_source": N_("Source return temperature"),
    "m_flow_source": N_("Source flow"),
    "p_supply_source": N_("Source supply pressure"),
    "p_return_source": N_("Source return pressure"),
    "Q_flow_source": N_("Source heat flow"),
    "Q_flow_source_max": N_("Source capacity"),
    "P_pump_source": N_("Network pump power"),
    "T_supply_secondary_set": N_("Secondary supply temperature setpoint"),
    "m_flow_primary_set": N_("Primary flow setpoint"),
    "Q_flow_set": N_("Heat flow setpoint"),
    "y_valve_primary_set": N_("Primary valve setpoint"),
    "dT_supply_secondary_offset": N_("Supply temperature offset"),
    "m_flow_secondary_set": N_("Secondary circulation setpoint"),
    "dp_secondary_set": N_("Secondary pressure difference setpoint"),
    "T_supply_source_set": N_("Heat source supply setpoint"),
    "dp_source_set": N_("Heat source head setpoint"),
    "y_pump_secondary_set": N_("Circulation pump speed setpoint"),
    "m_flow_primary_max": N_("Primary flow cap"),
    "T_outdoor_centre": N_("Outdoor temperature by the centre"),
    "lease_token": N_("Lease token"),
    "lease_sequence": N_("Lease sequence"),
    "lease_valid_for": N_("Lease valid for"),
    "heartbeat": N_("Heartbeat"),
    "remote_level": N_("Remote or local"),
    "limit_word": N_("Limit word"),
    "deadman_remaining": N_("Dead-man time left"),
    "device_id": N_("Device id"),
    "firmware": N_("Firmware"),
}
QUALITY_REASON: dict[str, str] = {
    "ok": N_("good"),
    "never_read": N_("never read"),
    "no_answer": N_("no answer"),
    "link_down": N_("link lost"),
    "device_exception": N_("device reports a fault"),
    "malformed_answer": N_("answer not readable"),
    "sentinel": N_("device says: no value"),
    "not_a_number": N_("not a number"),
    "out_of_range": N_("out of range"),
    "status_bad": N_("device says: bad"),
    "unknown_point": N_("point unknown to the device"),
    "future_timestamp": N_("time stamp in the future"),
    "quarantined": N_("station set aside"),
    "status_uncertain": N_("device says: uncertain"),
    "clock_skew": N_("station clock is wrong"),
    "rate": N_("changes too fast"),
    "spike": N_("spike"),
    "frozen": N_("value stands still"),
    "swapped": N_("sensors swapped"),
    "unit_swap": N_("unit changed"),
    "counter_reset": N_("counter was reset"),
    "energy_balance": N_("heat balance does not close"),
    "substituted": N_("substituted"),
    "estimated": N_("estimated"),
    "stale": N_("stale"),
}
LINK: dict[str, str] = {
    "never": N_("never connected"),
    "online": N_("online"),
    "lost": N_("link lost"),
    "quarantined": N_("station set aside"),
    "refused": N_("connection refused"),
}
MODE: dict[str, str] = {"local": N_("local"), "manual": N_("manual"), "auto": N_("auto")}
SEASON: dict[str, str] = {
    "off": N_("out of season"),
    "filling": N_("filling"),
    "cold_run": N_("cold run"),
    "trial": N_("trial heating"),
    "heating": N_("heating season"),
    "stopping": N_("stopping"),
    "maintenance": N_("maintenance"),
}
STRATEGY: dict[str, str] = {
    "curve": N_("Heating curve"),
    "balance": N_("Balance"),
    "optimizer": N_("Optimizer"),
}
PLAN_CHOICE: dict[str, str] = {
    "district": N_("as its district"),
    "hold": N_("held back from plans"),
    "follow": N_("follows plans by itself"),
}
WRITE_STATE: dict[str, str] = {
    "requested": N_("requested"),
    "sent": N_("sent"),
    "acknowledged": N_("acknowledged"),
    "confirmed": N_("confirmed"),
    "confirmed_limited": N_("confirmed, limited"),
    "rejected": N_("rejected"),
    "expired": N_("expired"),
}
ROLE: dict[str, str] = {
    "viewer": N_("viewer"),
    "operator": N_("operator"),
    "shift_lead": N_("shift lead"),
    "engineer": N_("engineer"),
    "admin": N_("administrator"),
    "auditor": N_("auditor"),
}
PRIORITY: dict[int, str] = {1: N_("critical"), 2: N_("high"), 3: N_("low"), 4: N_("diagnostic")}
ALARM_STATE: dict[str, str] = {
    "normal": N_("normal"),
    "unack": N_("unacknowledged"),
    "ack": N_("acknowledged by a person"),
    "returned_unack": N_("returned, unacknowledged"),
    "shelved": N_("shelved"),
    "suppressed": N_("suppressed"),
    "out_of_service": N_("out of service"),
}
EMITTER: dict[str, str] = {"radiator": N_("radiators"), "floor": N_("floor heating"), "dhw": N_("hot water")}


def term(words: Words, terms: dict[str, str], key: str) -> str:
    """Return a term in the person's language; a key that is newer than this screen stands for itself."""
    known = terms.get(key)
    return key if known is None else words(known)


def point(words: Words, name: str) -> str:
    """Return what a point is called; ``_readback`` and ``_effective`` say so."""
    for suffix, said in (("_readback", N_("{point}, read back")), ("_effective", N_("{point}, in effect"))):
        if name.endswith(suffix):
            return words(said, point=term(words, POINT, name.removesuffix(suffix)))
    return term(words, POINT, name)
