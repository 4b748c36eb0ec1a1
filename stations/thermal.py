"""Properties of liquid water and the heat that it carries; pure.

The polynomials are least-squares fits to IAPWS-IF97 region 1 (IAPWS R7-97, 2012) at 1.0 MPa absolute over
0..150 degC. Between 0.3 and 1.6 MPa the true values differ by less than 0.04 % in density and 0.02 % in heat
capacity, so pressure is left out. A test compares them with IF97 itself.
"""

T_MIN_DEGC, T_MAX_DEGC = 0.0, 150.0
"""Range of the fits; outside it the functions refuse."""

_DENSITY = (1000.46341, 2.358153e-2, -6.4289355e-3, 2.63446815e-5, -6.13118134e-8)
_SPECIFIC_HEAT = (4.20998423, -1.95594901e-3, 3.45992441e-5, -2.07833874e-7, 6.2463658e-10)


def density(T: float) -> float:
    """Return kg/m3 of water at ``T`` degC; within 0.2 kg/m3. Raises ValueError outside 0..150 degC."""
    _refuse_steam_and_ice(T)
    a, b, c, d, e = _DENSITY
    return (((e * T + d) * T + c) * T + b) * T + a


def specific_heat(T: float) -> float:
    """Return kJ/(kg K) of water at ``T`` degC; within 0.006. Raises ValueError outside 0..150 degC."""
    _refuse_steam_and_ice(T)
    # written out: asked for in every cycle of every loop, and for every heat meter in every poll
    a, b, c, d, e = _SPECIFIC_HEAT
    return (((e * T + d) * T + c) * T + b) * T + a


def heat_flow(m_flow: float, T_supply: float, T_return: float) -> float:
    """Return kW given off by ``m_flow`` kg/s cooling from ``T_supply`` to ``T_return`` degC.

    Q = m c dT with c at the mean temperature (EN 1434-1 defines the same heat by enthalpies; the difference
    is below 0.1 % for dT up to 80 K). Negative where the return is the warmer one.
    """
    return m_flow * specific_heat((T_supply + T_return) / 2.0) * (T_supply - T_return)


def mass_flow(Q_flow: float, T_supply: float, T_return: float) -> float:
    """Return kg/s that give off ``Q_flow`` kW cooling from ``T_supply`` to ``T_return`` degC.

    Raises ValueError where supply and return are equal: any flow would do.
    """
    dT = T_supply - T_return
    if dT == 0.0:
        raise ValueError(f"supply and return are both {T_supply} degC, flow can not be told from heat")
    return Q_flow / (specific_heat((T_supply + T_return) / 2.0) * dT)


def _refuse_steam_and_ice(T: float) -> None:
    if not T_MIN_DEGC <= T <= T_MAX_DEGC:
        raise ValueError(f"{T} degC is outside {T_MIN_DEGC}..{T_MAX_DEGC} degC of liquid water")
