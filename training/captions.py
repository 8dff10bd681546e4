"""Captions of a picture: tags and sentences, English, Chinese and Japanese, parts left out at times.

caption(attributes, rng) returns the text and the names of the attributes it tells. What is not told
is chance, with one exception: without a word about accessories there is (nearly always) none.
"""

from __future__ import annotations

import random

from drawing.attributes import Attributes

# For each attribute and value the ways to say it; the first is the usual one.
_EN = {
    "hair_color": {
        "blonde": ["blonde hair", "blonde hair", "yellow hair"],
        "white": ["white hair", "silver hair"],
    },
    "hair_style": {
        "short": ["short hair"],
        "bob": ["bob cut", "bob hair"],
        "long": ["long hair"],
        "twin tails": ["twin tails", "twintails"],
        "ponytail": ["ponytail"],
        "double bun": ["double bun", "hair buns"],
    },
    "eye_color": {"golden": ["golden eyes", "yellow eyes"]},
    "expression": {
        "smile": ["smile", "smiling"],
        "open mouth": ["open mouth"],
        "neutral": ["neutral expression", "expressionless"],
        "sad": ["sad", "crying", "tears"],
        "wink": ["wink", "one eye closed"],
    },
    "accessory": {
        "glasses": ["glasses"],
        "ribbon": ["ribbon", "hair ribbon", "bow"],
        "cat ears": ["cat ears"],
        "hairband": ["hairband"],
    },
    "clothes": {
        "sailor uniform": ["sailor uniform", "serafuku"],
        "shirt": ["shirt"],
        "sweater": ["sweater"],
    },
    "background": {
        "night sky": ["night sky", "night", "starry sky"],
        "cherry blossoms": ["cherry blossoms", "sakura"],
        "sunset": ["sunset", "sunset sky"],
    },
    "bangs": {"blunt": ["blunt bangs"], "swept": ["swept bangs"], "parted": ["parted bangs"]},
    "framing": {"close-up": ["close-up"], "from afar": ["from afar"], "normal": ["portrait"]},
}

_ZH_COLOR = {
    "black": "黑",
    "brown": "棕",
    "blonde": "金",
    "red": "红",
    "pink": "粉",
    "blue": "蓝",
    "green": "绿",
    "purple": "紫",
    "white": "白",
    "golden": "金",
    "gray": "灰",
    "yellow": "黄",
}
_ZH = {
    "hair_style": {
        "short": "短发",
        "bob": "波波头",
        "long": "长发",
        "twin tails": "双马尾",
        "ponytail": "马尾",
        "double bun": "丸子头",
    },
    "expression": {
        "smile": "微笑",
        "open mouth": "张嘴",
        "neutral": "面无表情",
        "sad": "悲伤",
        "wink": "眨眼",
    },
    "accessory": {"glasses": "眼镜", "ribbon": "蝴蝶结", "cat ears": "猫耳", "hairband": "发箍"},
    "clothes": {"sailor uniform": "水手服", "shirt": "衬衫", "sweater": "毛衣"},
    "background": {"night sky": "夜空", "cherry blossoms": "樱花", "sunset": "夕阳"},
    "framing": {"close-up": "特写", "from afar": "远景"},
}
_JA_COLOR = {
    "black": "黒い",
    "brown": "茶色の",
    "blonde": "金色の",
    "red": "赤い",
    "pink": "ピンクの",
    "blue": "青い",
    "green": "緑の",
    "purple": "紫の",
    "white": "白い",
    "golden": "金色の",
    "gray": "灰色の",
    "yellow": "黄色の",
}
_JA = {
    "hair_style": {
        "short": "ショートヘア",
        "bob": "ボブ",
        "long": "ロングヘア",
        "twin tails": "ツインテール",
        "ponytail": "ポニーテール",
        "double bun": "お団子",
    },
    "expression": {
        "smile": "笑顔",
        "open mouth": "口を開けた",
        "neutral": "無表情",
        "sad": "悲しい",
        "wink": "ウインク",
    },
    "accessory": {
        "glasses": "眼鏡",
        "ribbon": "リボン",
        "cat ears": "猫耳",
        "hairband": "カチューシャ",
    },
    "clothes": {"sailor uniform": "セーラー服", "shirt": "シャツ", "sweater": "セーター"},
    "background": {"night sky": "夜空", "cherry blossoms": "桜", "sunset": "夕焼け"},
    "framing": {"close-up": "アップ", "from afar": "遠景"},
}


def _english(a: Attributes, name: str, rng: random.Random) -> str:
    value = getattr(a, name)
    ways = _EN[name].get(value) if name in _EN else None
    if ways:
        return ways[0] if rng.random() < 0.6 else rng.choice(ways)
    noun = {"hair_color": "hair", "eye_color": "eyes", "background": "background"}[name]
    return f"{value} {noun}"


def _choose(a: Attributes, rng: random.Random) -> list[str]:
    """Which attributes the caption tells."""
    names = [
        "hair_color",
        "hair_style",
        "eye_color",
        "expression",
        "accessory",
        "clothes",
        "background",
    ]
    if rng.random() < 0.15:
        names.remove("background")
        if rng.random() < 0.7:
            names.remove("clothes")
    if rng.random() < 0.4:
        names = [n for n in names if rng.random() > (0.05 if n == "accessory" else 0.15)]
    if a.accessory == "none" and "accessory" in names:
        names.remove("accessory")
    if rng.random() < (0.8 if a.framing != "normal" else 0.15):
        names.append("framing")
    if rng.random() < 0.3:
        names.append("bangs")
    return names


def _tags(a, names, rng):
    tags = []
    for name in names:
        if name == "clothes":
            tags.append(f"{a.clothes_color} {_english(a, 'clothes', rng)}")
        else:
            tags.append(_english(a, name, rng))
    if rng.random() < 0.5:
        rng.shuffle(tags)
    first = rng.choice(["1girl", "1girl", "1girl", "1girl, solo", "anime girl"])
    if rng.random() < 0.06:
        first = (
            rng.choice(["masterpiece, best quality", "masterpiece", "best quality"]) + ", " + first
        )
    return ", ".join([first] + tags)


def _sentence(a, names, rng):
    tell = lambda name: _english(a, name, rng)
    has = lambda name: name in names
    hair = []
    style = {"short": "short", "long": "long"}.get(a.hair_style)
    if has("hair_style") and style and has("hair_color"):
        hair.append(f"{style} {tell('hair_color')}")
    elif has("hair_style") and has("hair_color"):
        hair.append(
            f"{tell('hair_color')} in {'a ' if a.hair_style in ('bob', 'ponytail') else ''}{tell('hair_style')}"
        )
    elif has("hair_style") or has("hair_color"):
        hair.append(tell("hair_style" if has("hair_style") else "hair_color"))
    if has("eye_color"):
        hair.append(tell("eye_color"))
    if has("accessory") and a.accessory != "glasses":
        hair.append(("" if a.accessory == "cat ears" else "a ") + tell("accessory"))
    rng.shuffle(hair)
    text = rng.choice(["a girl", "an anime girl", "a young girl"])
    if hair:
        text += " with " + (", ".join(hair[:-1]) + " and " + hair[-1] if len(hair) > 1 else hair[0])
    wears = []
    if has("clothes"):
        wears.append(f"a {a.clothes_color} {tell('clothes')}")
    if has("accessory") and a.accessory == "glasses":
        wears.append("glasses")
    if wears:
        text += rng.choice([" wearing ", ", wearing "]) + " and ".join(wears)
    if has("expression"):
        text += (
            ", "
            + {
                "smile": ["smiling", "with a smile", "she smiles"],
                "open mouth": ["with an open mouth", "her mouth open"],
                "neutral": ["with a neutral expression", "expressionless"],
                "sad": ["crying", "looking sad", "with a sad face"],
                "wink": ["winking", "with one eye closed"],
            }[a.expression][rng.randrange(2)]
        )
    if has("background"):
        if a.background == "night sky":
            text += rng.choice([" under a night sky", ", night sky behind her", " at night"])
        elif a.background == "cherry blossoms":
            text += rng.choice([" under cherry blossoms", " in front of cherry blossoms"])
        elif a.background == "sunset":
            text += rng.choice([" at sunset", " in front of a sunset"])
        else:
            text += rng.choice([" on a ", ", ", " in front of a "]) + f"{a.background} background"
    if has("framing") and a.framing != "normal":
        text = ("close-up of " if a.framing == "close-up" else "from afar, ") + text
    if has("bangs"):
        text += f", {a.bangs} bangs"
    return text[0].upper() + text[1:] + rng.choice(["", "."])


def _chinese(a, names, rng):
    tags = []
    for name in names:
        if name == "hair_color":
            tags.append(
                rng.choice([f"{_ZH_COLOR[a.hair_color]}色头发", f"{_ZH_COLOR[a.hair_color]}发"])
            )
        elif name == "eye_color":
            tags.append(
                rng.choice([f"{_ZH_COLOR[a.eye_color]}色眼睛", f"{_ZH_COLOR[a.eye_color]}色的眼睛"])
            )
        elif name == "clothes":
            tags.append(f"{_ZH_COLOR[a.clothes_color]}色{_ZH['clothes'][a.clothes]}")
        elif name == "background" and a.background not in _ZH["background"]:
            tags.append(f"{_ZH_COLOR[a.background]}色背景")
        elif getattr(a, name) in _ZH.get(name, {}):
            tags.append(_ZH[name][getattr(a, name)])
    if rng.random() < 0.5:
        rng.shuffle(tags)
    return "，".join([rng.choice(["女孩", "一个女孩", "可爱的女孩"])] + tags)


def _japanese(a, names, rng):
    tags = []
    for name in names:
        if name == "hair_color":
            tags.append(f"{_JA_COLOR[a.hair_color]}髪")
        elif name == "eye_color":
            tags.append(f"{_JA_COLOR[a.eye_color]}目")
        elif name == "clothes":
            tags.append(f"{_JA_COLOR[a.clothes_color]}{_JA['clothes'][a.clothes]}")
        elif name == "background" and a.background not in _JA["background"]:
            tags.append(f"{_JA_COLOR[a.background]}背景")
        elif getattr(a, name) in _JA.get(name, {}):
            tags.append(_JA[name][getattr(a, name)])
    if rng.random() < 0.5:
        rng.shuffle(tags)
    return "、".join([rng.choice(["女の子", "可愛い女の子"])] + tags)


def caption(a: Attributes, rng: random.Random, complete: bool = False) -> tuple[str, set[str]]:
    """The text and what it tells. A complete caption tells all but bangs and framing, in English."""
    if complete:
        names = [
            "hair_color",
            "hair_style",
            "eye_color",
            "expression",
            "accessory",
            "clothes",
            "background",
        ]
        if a.accessory == "none":
            names.remove("accessory")
        way = _tags if rng.random() < 0.7 else _sentence
    else:
        names = _choose(a, rng)
        way = rng.choices([_tags, _sentence, _chinese, _japanese], weights=(50, 30, 10, 10))[0]
    if way in (_chinese, _japanese):
        names = [
            n for n in names if n != "bangs" and not (n == "framing" and a.framing == "normal")
        ]
    if way is _sentence:
        names = [n for n in names if not (n == "framing" and a.framing == "normal")]
    text = way(a, names, rng)
    if way is _tags and not complete and rng.random() < 0.15:
        text = text.replace(", ", " ") if rng.random() < 0.2 else text.replace(", ", ",")
    told = set(names)
    if "clothes" in told:
        told.add("clothes_color")
    return text, told
