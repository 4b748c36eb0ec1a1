"""What the physical city consists of: constants, state, what acts on it, what flowed (``city_plant``)."""

from dataclasses import dataclass

from simulators.plant.arrays import Floats, Indices
from simulators.plant.facade import Sky
from simulators.plant.network.graph import Flags, Network
from simulators.plant.network.transport import TransportParams, TransportState
from simulators.plant.plants import PlantParams, PlantState
from simulators.plant.plug import PlugState
from simulators.plant.riser import RiserParams, RiserState
from simulators.plant.zone import ZoneParams
from stations.model.quick import quickly_made


@dataclass(frozen=True, slots=True, kw_only=True)
class StationParams:
    """Constants of each loop's equipment in its station, shape (n_loops,)."""

    station: Indices
    """Row of the station; loops of a station stand together."""
    UA: Floats
    """kW/K of the exchanger at design flows, clean."""
    m_flow_primary_design: Floats
    m_flow_design: Floats
    """kg/s."""
    C_primary: Floats
    C_secondary: Floats
    """Water and plates on each side, kJ/K."""
    Kvs: Floats
    K_fixed: Floats
    """Control valve wide open, and all else on the loop's primary path, m3/h at 1 bar."""
    stroke_s: Floats
    play: Floats
    """Hysteresis of the valve, share of stroke."""
    m_flow_max: Floats
    dp_max: Floats
    """Circulation at full pump speed in kg/s, and what the secondary network takes then in kPa."""
    pump_efficiency: Floats
    leak: Floats
    """Make-up over circulation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseParams:
    """Constants of each house, shape (n_houses,) where not said otherwise."""

    loop: Indices
    """Houses of a loop stand together."""
    share: Floats
    """Fair share of the loop's flow; adds up to 1 in each loop."""
    deviation: Floats
    """Flow over the fair share at design flow."""
    exponent: Floats
    """How fast deviations grow as flow falls."""
    pipe_mass: Floats
    """kg of water (with steel) in the pipe from the station; the way back holds the same."""
    pipe_rate: Floats
    """1/s by which its excess over the ground falls."""
    kind: Indices
    """Use, row of ``people.KINDS``."""
    front_north: Floats
    front_east: Floats
    """Where each zone's main windows look: unit vector, shape (n_houses, n_zones)."""
    people: Floats
    """Heat of people and appliances at their mean in kW; 0 where nobody lives; shape of the zones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CityParams:
    """All constants of the physical city."""

    network: Network
    transport: TransportParams
    p_return: float
    """kPa held at the reference source's return."""
    source: PlantParams
    station: StationParams
    house: HouseParams
    riser: RiserParams
    zone: ZoneParams
    T_ground: float
    """degC around the pipes."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CityState:
    """Everything that the next step depends on; temperatures in degC."""

    time: float
    """UTC second."""
    motor: Floats
    stem: Floats
    y_pump: Floats
    """Positions 0..1, shape (n_loops,)."""
    T_return_primary: Floats
    T_supply: Floats
    """Leaving the exchangers, shape (n_loops,)."""
    p_secondary: Floats
    """kPa over ambient of each loop's water at the station, shape (n_loops,)."""
    network: TransportState
    source: PlantState
    pipe: PlugState
    """To the houses, then back from them, shape (2 n_houses,)."""
    riser: RiserState
    T: Floats
    """Stores of the zones, shape (5, n_houses, n_zones)."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CityInputs:
    """What acts upon the city during a step."""

    sky: Sky
    valve: Floats
    pump: Floats
    """Commands 0..1, shape (n_loops,)."""
    source_on: Flags
    source_T_set: Floats
    """Orders to run and supply setpoints in degC, shape (n_sources,)."""
    source_dp: float
    """kPa that the first source holds at its gate."""
    source_m_flow: Floats
    """kg/s of the other sources, shape (n_sources,); that of the first is not used."""
    source_share: Floats
    """What is left of each source's capacity, 0..1."""
    pump_speed: Floats
    """Of boosters and distributed pumps, shape (n_pumps,)."""
    leak: Floats
    """kg/s lost at each node of the network, shape (n_nodes,)."""
    fouling: Floats
    """Share of each exchanger's design resistance, shape (n_loops,)."""
    stuck: Flags
    """Valves whose motor does not move, shape (n_loops,)."""
    tripped: Flags
    """Circulation pumps that stand, whatever is commanded, shape (n_loops,)."""
    burst: Floats
    """Share of each loop's circulation that runs out besides its usual leak, shape (n_loops,)."""
    hole: Floats
    """Between both sides of each exchanger: kg/s at 1 kPa (``filling``), shape (n_loops,)."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CityOutputs:
    """Means of the step, kW, kg/s and degC."""

    m_flow_primary: Floats
    m_flow: Floats
    """Primary flow and circulation, shape (n_loops,)."""
    T_supply_primary: Floats
    T_supply: Floats
    T_return: Floats
    """At the station, shape (n_loops,); the primary return is a state."""
    Q_primary: Floats
    """Given up by the primary water, shape (n_loops,)."""
    Q_exchanger: Floats
    P_pump: Floats
    """Electric, shape (n_loops,)."""
    dp: Floats
    """kPa at each station, shape (n_stations,)."""
    m_flow_link: Floats
    """kg/s of each link of the network."""
    T_return_source: Floats
    P_source: Floats
    """Electric, shape (n_sources,)."""
    P_network: Floats
    """Electric, of boosters and of pumps in stations, shape (n_pumps,)."""
    Q_source: Floats
    """Fired, shape (n_sources,)."""
    Q_lost_network: float
    Q_lost_house_pipes: float
    Q_makeup: float
    """Heat that left with leaks of both networks, less what the make-up brought."""
    m_flow_makeup: Floats
    """Of each loop, shape (n_loops,)."""
    m_flow_makeup_network: float
    """kg/s that the first source puts into the network for what it lost; negative: what it lets out."""
    m_flow_through: Floats
    """kg/s of primary water that leaks into each loop; negative where it runs back; shape (n_loops,)."""
    Q_emitter: Floats
    Q_gains: Floats
    """People and sun."""
    Q_lost: Floats
    Q_window: Floats
    """To outdoors, and of it by opened windows; shape (n_houses, n_zones)."""
    solved: bool
    """Whether the hydraulics were solved anew."""
