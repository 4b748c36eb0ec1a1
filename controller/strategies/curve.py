"""Strategy ``curve``: the regulation law of each emitter type at the filtered outdoor temperature.

The baseline that every other strategy must beat, and the one that always answers.
"""

from collections.abc import Iterable, Mapping

from controller.decisions import LoopTraits, Proposal
from controller.strategies.inputs import Proposed, StrategyInputs
from controller.words.phrase import Phrase, word
from optimizer.regulation import RegulationLaw, flow_fraction, supply_temperature

AUTHOR = "strategy:curve"


def propose(
    loops: Iterable[LoopTraits], laws: Mapping[str, RegulationLaw], T_outdoor_filtered: float | None
) -> list[Proposal]:
    """Return one wish for each of ``loops`` (those in auto) whose emitter has a law in ``laws``.

    ``T_outdoor_filtered`` (degC) is the lagged outdoor temperature; None before there ever was one: then
    nothing is proposed. A loop without a circulation channel runs at design flow whatever the law would
    stage. Class B gets the same absolute temperature; the guard bounds it to the own curve's neighbourhood.
    """
    if T_outdoor_filtered is None:
        return []
    staged = {emitter: flow_fraction(law, T_outdoor_filtered) for emitter, law in laws.items()}
    supplies = {
        (emitter, flow): supply_temperature(law, T_outdoor_filtered, flow)
        for emitter, law in laws.items()
        for flow in (1.0, staged[emitter])
    }
    reasons = {
        (emitter, flow): Phrase(
            "curve.asks",
            {
                "emitter": word("emitter", emitter),
                "T_supply": T_supply,
                "flow": 100 * flow,
                "T_outdoor": T_outdoor_filtered,
            },
        )
        for (emitter, flow), T_supply in supplies.items()
    }
    proposals = []
    for loop in loops:
        if loop.emitter not in laws:
            continue
        flow = 1.0 if loop.circulation is None else staged[loop.emitter]
        T_supply = supplies[loop.emitter, flow]
        proposals.append(
            Proposal(
                key=loop.key,
                T_supply=T_supply,
                m_flow=loop.m_flow_design * flow,
                author=AUTHOR,
                reason=reasons[loop.emitter, flow],
            )
        )
    return proposals


def propose_all(loops: Iterable[LoopTraits], inputs: StrategyInputs) -> Proposed:
    """Return the wishes for loops of all emitter types; the curve remembers nothing."""
    chosen = list(loops)
    proposals = []
    for emitter, T_outdoor_filtered in inputs.T_outdoor_filtered.items():
        same = [loop for loop in chosen if loop.emitter == emitter]
        proposals += propose(same, inputs.laws, T_outdoor_filtered)
    return Proposed(proposals=proposals)
