"""The rules that turn a raw Unihan `kDefinition` into clean English senses.

A raw definition is a list of senses, parted by ";", each a list of clauses, parted by ",". Mixed in are notes for
readers of a dictionary: pointers to other characters ("same as U+4E18 丘"), radical numbers, language tags. The rules
below remove the notes and keep the English. Beside each rule stands a row of Unihan 17 that needs it.

Pure text: nothing here reads a file.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

Rules = tuple[tuple[re.Pattern[str], str], ...]

# Rows that Unihan lost in version 17.
OVERRIDES = {
    ord("鋁"): "aluminium/aluminum (element 13, Al)",
    ord("铝"): "aluminium/aluminum (element 13, Al)",
}


@dataclass(frozen=True, slots=True)
class CleanDefinition:
    """What is left of a raw definition.

    Attributes:
        senses: ASCII, distinct, never empty strings; an empty tuple if the row only pointed elsewhere.
        tags: languages and registers the row named, sorted, such as "Cantonese" or "dialect".
    """

    senses: tuple[str, ...]
    tags: tuple[str, ...]


def _any_of(*words: str) -> str:
    return f"(?:{'|'.join(words)})"


# --- Pointers: what names another character ---------------------------------------------------------------------------

HAN_RANGES = (
    "\u2e80-\u2fdf",  # radicals
    "\u2ff0-\u2fff",  # layout marks such as ⿰
    "\u3005\u3007",  # 々 and 〇
    "\u3400-\u4dbf",  # extension A
    "\u4dc0-\u4dff",  # hexagrams
    "\u4e00-\u9fff",  # the main block
    "\uf900-\ufaff",  # compatibility
    "\U00020000-\U0003ffff",  # the later extensions
)
HAN = f"[{''.join(HAN_RANGES)}]"
# "same as U+4E18 丘": some editions of Unihan put the code beside the character.
CODE = r"U\+[0-9A-Fa-f]{4,6}"
POINTER = re.compile(f"{CODE}|{HAN}")

# 䳫 "(standard form) a small pigeon", 箳 "... from dust (vulgar form)", 㿼 "(a non-classical form) a bowl, ...",
# 䞸 "(corrupted and non-classical form) to reach", 䨕 "(a variant) pouring with rain".
FORM_QUALIFIERS = (
    "a", "an", "abbreviated", "ancient", "archaic", "corrupted", "non[- ]?classical", "non[- ]?standard", "simplified",
    "standard", "vulgar",
)  # fmt: skip
FORM_PHRASE = rf"{_any_of(*FORM_QUALIFIERS)}(?:\s+{_any_of(*FORM_QUALIFIERS, 'and')})*\s+(?:form|variant)s?"
POINTER_WORDS = (
    r"same\s+as",  # 丨 "(same as 〡 HANGZHOU NUMERAL ONE) number one; line"
    "variant",  # 溦 "drizzle; (variant) valley; (variant) mold"
    "simplification",  # 垩 "holy, sacred, sage; simplification of 堊 chalk; daub with chalk"
    "also",  # 㳃 "... for making swords, etc. (also used figuratively), to dip into water"
    "as in",  # 璺 "a crack, as in porcelain"
    "used (?:as|for|in place of|with)",  # 蚧 "a red spotted lizard, used as medicine"
)
POINTER_HEAD = re.compile(rf"\W*{_any_of(FORM_PHRASE, *POINTER_WORDS)}\b", re.IGNORECASE)
# A clause that opens like a pointer is one if it names a character or is short (蚧 "used as medicine"); longer ones
# are glosses (亞 "Asia; second; used as a prefix to names").
SHORT_POINTER_WORDS = 4
# What follows a pointer is a gloss (垩 "simplification of 堊 chalk") unless it opens with one of these words:
# 祢 "used as a synonym for 你 when referring to deity", 璺 "as in porcelain", 蚧 "used as medicine".
NOT_A_GLOSS = re.compile(r"(?:when|as|used)\b|[^A-Za-z]|$")
# 嘦 "if only; compound form of 只要", 毌 "...; component in 贯,貫,實, etc.; not to be confused with 毋".
INNER_POINTER = re.compile(r"\b(?:form of|component in|confused with)\b", re.IGNORECASE)

# --- Notes: what is about the dictionary, not about the meaning -------------------------------------------------------

TAGS = {
    "cant": "Cantonese",  # 迾 "(Cant.) row"
    "j": "Japanese",  # 糎 "(J) centimetre"
    "japanese": "Japanese",  # 佛 "...; Buddhist image; the dead (Japanese)"
    "korean": "Korean",  # 岾 "mountain pass (Korean)"
    "dial": "dialect",  # 㓥 "(dial.) to kill; to slaughter"
    "dialect": "dialect",  # 䶆 "(dialect) a rat; a mouse"
    "a dialect": "dialect",  # 㑜 "(a dialect) to engrave"
    "coll": "colloquial",  # 攥 "(coll.) hold; grip; grasp"
}
NOTE = re.compile(
    _any_of(
        r"(?:kangxi )?(?:radical|rad\.)(?: number| no\.?)? \d+$",  # 犬 "dog; radical number 94"
        "kwukyel$",  # 丆 "kwukyel": a Korean reading mark
        "k$",  # 鉀 "potassium (K)": no tag for Korean
    ),
    re.IGNORECASE,
)
ROW_NOTES: Rules = (
    # 皀 "kernel, seed; enjoy, feast [?]", 毮 "[kokuji] to pull out hair, etc.", 鉨 "[nǐ] Nihonium (Nh); ..."
    (re.compile(r"\[[^\[\]]{1,10}\]"), " "),
    # 讠 "simplified Kangxi radical 149"
    (re.compile(r"\bKangxi radical(?: number)? \d+", re.IGNORECASE), " "),
    # 剝 "peel, peel off, to shell, strip; hexagram ䷖"
    (re.compile(r";?\s*hexagram\s*[\u4dc0-\u4dff]"), ""),
)

# --- Cutting pointers out of a clause, and what they leave behind -----------------------------------------------------

POINTER_CUTS: Rules = (
    # 䒲 "another name for 黃岑 (Scutellaria baikalensis)"
    (re.compile(rf"^(?:another|ancient|old|alternative) name (?:for|of) (?={HAN})"), ""),
    # 嶼 "island; (Cant.) 大嶼山 daai6jyu4saan1 Lantau Island"
    (re.compile(r"\b[a-z]+[1-6](?:[a-z]+[1-6])*\b"), " "),
    (re.compile(CODE), " "),
    # 摴 "...; 摴蒲 is the name of a traditional play"
    (re.compile(rf"^\s*{HAN}+\s*(?:is|are|:|=|-)?\s*(?:the )?(?=name|a |an )"), ""),
    (re.compile(f"{HAN}+"), " "),
    # 㽘 "administrative unit for rural community of 傣族 (under the feudal system)"
    (re.compile(r"\b(?:of|as|with)\s+(?=\()"), ""),
)
# 㰾 "songs of the people of 楚, a kind of music instrument"
DANGLING = re.compile(r"(?:^|\s+)(?:of|as|with)$", re.IGNORECASE)
SPACES = re.compile(r"\s+")
EDGES = " .,;:-/*&=+"
ENDINGS: Rules = (
    (re.compile(r"\betc$"), "etc."),  # 䡳 "cart, carriage etc.": its full stop was an edge
    (re.compile(r"^\(([^()]*)\)$"), r"\1"),  # 䠨 "walking rapidly, (said of a horse)"
)

# NFKD takes accents off letters (偰 "one of Shùn’s ministers"); punctuation needs its own table.
ASCII = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"})

WEAK_SENSE = re.compile(
    _any_of(
        "used in .*",  # 鑫 "used in names"
        "(?:a |the )?(?:sur|(?:place|last|family|given|personal) )?names?",  # 佟 "a name", 唟 "place name"
        "name of a (?:person|place)",  # 㐻
        "(?:person|girl|man|woman)'s name",  # 堺 "person's name"
        "phonetic",  # 啰
        "interjection",  # 唓
        "exclamation",  # 噯
        "onomatopoetic",  # 沊
    )
    + "$",
    re.IGNORECASE,
)

# Stand-ins for parentheses that are kept, so that the innermost ones left are always undecided.
KEPT = {"(": "\x02", ")": "\x03"}
KEPT_TO_PARENTHESES = str.maketrans({kept: parenthesis for parenthesis, kept in KEPT.items()})
INNERMOST = re.compile(r"\(([^()]*)\)")


def clean_definition(raw: str) -> CleanDefinition:
    """Clean one raw `kDefinition`.

    Args:
        raw: as it stands in `Unihan_Readings.txt`, any script.

    Returns:
        Senses in the order of the row, and tags.
    """
    tags: set[str] = set()
    text = balance_parentheses(unicodedata.normalize("NFC", raw))
    text = resolve_parentheses(substitute(ROW_NOTES, text), tags)
    senses = (clean_sense(sense) for sense in split_outside_parentheses(text, ";"))
    return CleanDefinition(distinct(sense for sense in senses if sense), tuple(sorted(tags)))


def pointed_characters(raw: str) -> list[str]:
    """List the characters a raw definition points at: its U+ codes, then its Han characters that stand alone."""
    codes = [chr(int(code[2:], 16)) for code in re.findall(CODE, raw)]
    singles = re.findall(f"(?<!{HAN}){HAN}(?!{HAN})", raw)
    return list(dict.fromkeys(codes + singles))


def is_weak(senses: Iterable[str]) -> bool:
    """Tell whether no sense says what the character means ("surname", "used in girl's name", "phonetic")."""
    return all(WEAK_SENSE.match(sense) for sense in senses)


def clean_sense(sense: str) -> str:
    """Clean one sense clause by clause; "" if no clause means anything."""
    clauses = (clean_clause(clause) for clause in split_outside_parentheses(sense, ","))
    return ", ".join(clause for clause in clauses if clause)


def clean_clause(clause: str) -> str:
    """Take pointers and notes out of one clause and fold it to ASCII; "" if nothing is left."""
    clause = drop_pointer_head(clause.strip())
    is_cut = bool(POINTER.search(clause))
    if is_cut:
        clause = cut_pointers(clause)
    clause = tidy(fold_to_ascii(clause))
    if is_cut:
        clause = drop_dangling_words(clause)
    clause = substitute(ENDINGS, clause)
    is_empty = clause == "etc." or NOTE.match(clause) or not re.search("[a-zA-Z]", clause)
    return "" if is_empty else clause


def balance_parentheses(text: str) -> str:
    """Replace every parenthesis without a partner by a space."""
    characters, opened = list(text), []
    for index, character in enumerate(text):
        if character == "(":
            opened.append(index)
        elif character == ")" and opened:
            opened.pop()
        elif character == ")":
            characters[index] = " "
    for index in opened:
        characters[index] = " "
    return "".join(characters)


def resolve_parentheses(text: str, tags: set[str]) -> str:
    """Decide every parenthesis, innermost first: a tag goes into `tags`, a pointer or a note goes, the rest stays."""

    def decide(match: re.Match[str]) -> str:
        body = match[1].strip(" .,;:")
        if tag := TAGS.get(body.lower()):
            tags.add(tag)
            return " "
        if not body or NOTE.match(body) or POINTER.search(body) or POINTER_HEAD.match(body):
            return " "
        return KEPT["("] + match[1].strip(" ,;:") + KEPT[")"]

    while INNERMOST.search(text):
        text = INNERMOST.sub(decide, text)
    return text.translate(KEPT_TO_PARENTHESES)


def split_outside_parentheses(text: str, separator: str) -> list[str]:
    """Split at every `separator` that no parenthesis holds."""
    pieces, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == separator and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def drop_pointer_head(clause: str) -> str:
    """Reduce a clause that opens by pointing elsewhere to the gloss it carries, or to ""."""
    is_short = len(clause.split()) <= SHORT_POINTER_WORDS
    if not POINTER_HEAD.match(clause) or not (is_short or POINTER.search(clause)):
        return clause
    if ":" in clause:
        return clause.split(":", 1)[1]
    tail = POINTER.split(clause)[-1].strip(" .,-")
    return "" if NOT_A_GLOSS.match(tail) else tail


def cut_pointers(clause: str) -> str:
    """Cut Han characters and U+ codes out of a clause; "" if the clause is about them."""
    return "" if INNER_POINTER.search(clause) else substitute(POINTER_CUTS, clause)


def drop_dangling_words(clause: str) -> str:
    """Drop the prepositions a cut left at the end ("songs of the people of")."""
    while (shorter := DANGLING.sub("", clause)) != clause:
        clause = shorter.strip(" .,;:-")
    return clause


def fold_to_ascii(text: str) -> str:
    """Fold letters to ASCII ("résumé" -> "resume"); what has no ASCII form goes."""
    decomposed = unicodedata.normalize("NFKD", text.translate(ASCII))
    return decomposed.encode("ascii", "ignore").decode("ascii")


def tidy(clause: str) -> str:
    """Set spaces right and strip punctuation from both ends; a quotation mark only if it has no partner."""
    clause = SPACES.sub(" ", clause)
    is_unpaired = clause.count('"') % 2 or clause.count("'") % 2
    return clause.strip(EDGES + "'\"" if is_unpaired else EDGES)


def substitute(rules: Rules, text: str) -> str:
    """Apply substitution rules in their order."""
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def distinct(senses: Iterable[str]) -> tuple[str, ...]:
    """Keep the first of senses that differ in case only."""
    first: dict[str, str] = {}
    for sense in senses:
        first.setdefault(sense.lower(), sense)
    return tuple(first.values())
