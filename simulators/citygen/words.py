"""Names of a generated city in Chinese and English: stations, districts, sources."""

import math

import numpy as np

from simulators.citygen.model import CityDistrict
from simulators.plant.arrays import Floats, Indices

_FIRST = (
    ("滨河", "Binhe"), ("阳光", "Yangguang"), ("金桥", "Jinqiao"), ("和平", "Heping"),
    ("建设", "Jianshe"), ("迎春", "Yingchun"), ("学府", "Xuefu"), ("安居", "Anju"),
    ("新华", "Xinhua"), ("府东", "Fudong"), ("柳溪", "Liuxi"), ("锦绣", "Jinxiu"),
    ("文昌", "Wenchang"), ("凤凰", "Fenghuang"), ("永乐", "Yongle"), ("西山", "Xishan"),
    ("东湖", "Donghu"), ("桃园", "Taoyuan"), ("宏远", "Hongyuan"), ("康宁", "Kangning"),
    ("玉泉", "Yuquan"), ("龙城", "Longcheng"), ("汾水", "Fenshui"), ("青年", "Qingnian"),
    ("解放", "Jiefang"), ("前进", "Qianjin"), ("胜利", "Shengli"), ("兴盛", "Xingsheng"),
    ("长风", "Changfeng"), ("双塔", "Shuangta"), ("晋阳", "Jinyang"), ("云山", "Yunshan"),
    ("翠微", "Cuiwei"), ("丽景", "Lijing"), ("水岸", "Shuian"), ("光明", "Guangming"),
    ("朝阳", "Chaoyang"), ("富民", "Fumin"), ("祥和", "Xianghe"), ("瑞丰", "Ruifeng"),
    ("景泰", "Jingtai"), ("华庭", "Huating"), ("星河", "Xinghe"), ("梧桐", "Wutong"),
    ("香樟", "Xiangzhang"), ("月亮湾", "Yueliangwan"), ("杏花", "Xinghua"), ("梨园", "Liyuan"),
    ("松庄", "Songzhuang"), ("槐荫", "Huaiyin"),
)  # fmt: skip
_SECOND = (
    ("花园", "Garden"), ("小区", "Estate"), ("新村", "New Village"), ("家园", "Homes"), ("苑", "Court"),
    ("里", "Lane"), ("公寓", "Apartments"), ("社区", "Quarter"), ("名邸", "Residence"), ("广场", "Square"),
)  # fmt: skip
_PHASE = tuple((f"{zh}期", f" Phase {n}") for n, zh in enumerate("一二三四五六七八九十", start=1))
"""Above 500 stations an estate has several, as large estates have."""

_SIDES = (
    ("east", "East", "城东", "东郊"), ("northeast", "Northeast", "城东北", "东北郊"),
    ("north", "North", "城北", "北郊"), ("northwest", "Northwest", "城西北", "西北郊"),
    ("west", "West", "城西", "西郊"), ("southwest", "Southwest", "城西南", "西南郊"),
    ("south", "South", "城南", "南郊"), ("southeast", "Southeast", "城东南", "东南郊"),
)  # fmt: skip
_CENTRE = CityDistrict("centre", "Centre", "城中")


def station_names(rng: np.random.Generator, n: int) -> list[tuple[str, str]]:
    """Return ``n`` <= 5,000 different names, Chinese and English."""
    pairs = [(zh1 + zh2, f"{en1} {en2}") for zh1, en1 in _FIRST for zh2, en2 in _SECOND]
    if n > len(pairs):
        pairs = [(zh + zh3, en + en3) for zh, en in pairs for zh3, en3 in _PHASE]
    return [(f"{pairs[i][0]}站", pairs[i][1]) for i in rng.permutation(len(pairs))[:n]]


def source_name(number: int, *, base: bool) -> tuple[str, str]:
    """Return the name of the base or peak plant ``number``, Chinese and English."""
    return (
        (f"第{number}热电厂", f"Heat and power plant {number}") if base else
        (f"第{number}调峰热源", f"Peak boiler plant {number}")
    )  # fmt: skip


def split_into_districts(x: Floats, y: Floats) -> tuple[tuple[CityDistrict, ...], Indices]:
    """Return the districts that have a station and the row of each station: a centre and sides around it.

    Small cities have one, then five; above 400 stations there are eight sides, above 1,500 suburbs besides.
    """
    n = len(x)
    if n < 16:
        return (_CENTRE,), np.zeros(n, dtype=np.intp)
    step = 2 if n <= 400 else 1
    radius = np.hypot(x, y)
    ring = np.sort(radius)
    inner = ring[n // 5]
    outer = ring[n * 3 // 5] if n > 1500 else math.inf
    turn = 8 // step
    side = (np.round(np.arctan2(y, x) / (2.0 * np.pi) * turn).astype(int) % turn) * step
    keys = [
        _CENTRE if r <= inner else _side(int(s), suburb=bool(r > outer))
        for r, s in zip(radius, side, strict=True)
    ]
    used = sorted(set(keys), key=lambda district: (district.key.count("_"), district.key))
    return tuple(used), np.array([used.index(key) for key in keys], dtype=np.intp)


def _side(number: int, *, suburb: bool) -> CityDistrict:
    key, en, zh, zh_suburb = _SIDES[number]
    return CityDistrict(f"{key}_suburb", f"{en} suburb", zh_suburb) if suburb else CityDistrict(key, en, zh)
