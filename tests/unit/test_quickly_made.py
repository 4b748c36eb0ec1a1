"""Records that are made quicker are the records that they were."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from stations.model.quick import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """A record with all that a field may have."""

    a: float
    b: float
    c: int = 3
    d: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse what no record may be."""
        if self.b < 0.0:
            raise ValueError(f"b {self.b}")


def test_it_holds_what_it_was_given_and_its_defaults():
    record = Quick(a=1.0, b=2.0)
    assert (record.a, record.b, record.c, record.d) == (1.0, 2.0, 3, [])
    assert type(record) is Quick
    assert repr(record) == "Quick(a=1.0, b=2.0, c=3, d=[])"
    assert Quick(a=1.0, b=2.0).d is not record.d


def test_equal_records_are_equal_and_can_be_changed_into_others_only_by_a_copy():
    record = Quick(a=1.0, b=2.0)
    assert record == Quick(a=1.0, b=2.0, c=3) != replace(record, c=4)
    with pytest.raises(FrozenInstanceError):
        record.a = 2.0


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda record: pickle.loads(pickle.dumps(record))]
)
def test_it_can_be_copied_and_sent_to_another_process(twin):
    assert twin(Quick(a=1.0, b=2.0, d=[1])) == Quick(a=1.0, b=2.0, d=[1])


@pytest.mark.parametrize("given", [{}, {"a": 1.0}, {"a": 1.0, "b": 2.0, "e": 3.0}])
def test_what_is_missing_or_unknown_is_refused(given):
    with pytest.raises(TypeError):
        Quick(**given)


def test_its_own_rules_are_asked():
    with pytest.raises(ValueError, match=r"b -1\.0"):
        Quick(a=1.0, b=-1.0)


def test_a_record_that_takes_places_instead_of_names_is_refused():
    @dataclass(frozen=True, slots=True)
    class Placed:
        a: float

    with pytest.raises(TypeError, match=r"Placed\.a"):
        quickly_made(Placed)
