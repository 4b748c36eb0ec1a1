"""How long sentences stand on the screen."""

import pytest

from hmi.view_models.shown import folded


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("52.3 °C (plan of 4 min ago); no less flow; rooms 20.0 °C.", 3),
        ("供水 52.3 °C（4 分钟前的计划）；流量不再减小；室温现为 20.0 °C。", 3),
        ("no link; on its own curve", 1),
        ("", 1),
    ],
)
def test_a_sentence_of_many_parts_has_each_on_a_line_of_its_own_and_loses_nothing(text, lines):
    told = folded(text)
    assert len(told.split("\n")) == lines
    assert told.replace(";\n", "; ").replace("\n", "") == text
