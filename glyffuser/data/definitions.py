"""Rules that clean a raw Unihan `kDefinition`: English senses remain.

A raw definition is a list of senses, separated by ";". A sense is a list of clauses, separated by ",". Some of the text
is for users of the dictionary: pointers to other characters ("same as U+4E18 丘"), radical numbers, language tags. The
rules remove it and keep the English. The comment at each rule quotes a row of Unihan 17 that needs it.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

Rules = tuple[tuple[re.Pattern[str], str], ...]

OVERRIDES = {
    ord("鋁"): "aluminium/aluminum (element 13, Al)",
    ord("铝"): "aluminium/aluminum (element 13, Al)",
}
"""Raw definitions that are missing from Unihan 17."""


@dataclass(frozen=True, slots=True)
class CleanDefinition:
    """A cleaned definition.

    Attributes:
        senses: distinct non-empty ASCII strings; an empty tuple if the row only points to other characters.
        tags: languages and registers that the row names, sorted, such as "Cantonese" or "dialect".
    """

    senses: tuple[str, ...]
    tags: tuple[str, ...]


def _any_of(*words: str) -> str:
    return f"(?:{'|'.join(words)})"


# --- Pointers: text that names another character ----------------------------------------------------------------------

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
# "same as U+4E18 丘": some editions of Unihan write the code before the character.
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
# A clause that begins like a pointer is one if it names a character or is short (蚧 "used as medicine"). A longer one
# is a gloss (亞 "Asia; second; used as a prefix to names").
SHORT_POINTER_WORDS = 4
# The text after a pointer is a gloss (垩 "simplification of 堊 chalk") unless it begins with one of these words:
# 祢 "used as a synonym for 你 when referring to deity", 璺 "as in porcelain", 蚧 "used as medicine".
NOT_A_GLOSS = re.compile(r"(?:when|as|used)\b|[^A-Za-z]|$")
# 嘦 "if only; compound form of 只要", 毌 "...; component in 贯,貫,實, etc.; not to be confused with 毋".
INNER_POINTER = re.compile(r"\b(?:form of|component in|confused with)\b", re.IGNORECASE)

# --- Notes: text about the dictionary, not about the meaning ----------------------------------------------------------

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

# --- Pointers within a clause, and the words and marks that remain when they are cut ----------------------------------

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
    (re.compile(r"\betc$"), "etc."),  # 䡳 "cart, carriage etc.": `EDGES` strips the full stop
    (re.compile(r"^\(([^()]*)\)$"), r"\1"),  # 䠨 "walking rapidly, (said of a horse)"
)

# NFKD removes the accents of letters (偰 "one of Shùn’s ministers"); punctuation needs a table.
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

# Placeholders for parentheses that are kept, so that `INNERMOST` matches only those that are not yet decided.
KEPT = {"(": "\x02", ")": "\x03"}
KEPT_TO_PARENTHESES = str.maketrans({kept: parenthesis for parenthesis, kept in KEPT.items()})
INNERMOST = re.compile(r"\(([^()]*)\)")


def clean_definition(raw: str) -> CleanDefinition:
    """Clean one raw `kDefinition`.

    Args:
        raw: as in `Unihan_Readings.txt`, of any script.

    Returns:
        Senses in the order of the row, and tags.
    """
    tags: set[str] = set()
    text = balance_parentheses(unicodedata.normalize("NFC", raw))
    text = resolve_parentheses(substitute(ROW_NOTES, text), tags)
    senses = (clean_sense(sense) for sense in split_outside_parentheses(text, ";"))
    return CleanDefinition(distinct(sense for sense in senses if sense), tuple(sorted(tags)))


def pointed_characters(raw: str) -> list[str]:
    """List the characters that a raw definition points to: its U+ codes, then its single Han characters."""
    codes = [chr(int(code[2:], 16)) for code in re.findall(CODE, raw)]
    singles = re.findall(f"(?<!{HAN}){HAN}(?!{HAN})", raw)
    return list(dict.fromkeys(codes + singles))


def is_weak(senses: Iterable[str]) -> bool:
    """Whether no sense says what the character means ("surname", "used in girl's name", "phonetic")."""
    return all(WEAK_SENSE.match(sense) for sense in senses)


def clean_sense(sense: str) -> str:
    """Clean the clauses of one sense; "" if none remains."""
    clauses = (clean_clause(clause) for clause in split_outside_parentheses(sense, ","))
    return ", ".join(clause for clause in clauses if clause)


def clean_clause(clause: str) -> str:
    """Remove pointers and notes from one clause and fold it to ASCII; "" if no word remains."""
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
    """Treat every parenthesis, innermost first: add a tag to `tags`, remove a pointer or a note, keep the others."""

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
    """Split at every `separator` outside parentheses."""
    pieces, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == separator and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def drop_pointer_head(clause: str) -> str:
    """Reduce a clause that begins with a pointer to the gloss after it; "" if there is none."""
    is_short = len(clause.split()) <= SHORT_POINTER_WORDS
    if not POINTER_HEAD.match(clause) or not (is_short or POINTER.search(clause)):
        return clause
    if ":" in clause:
        return clause.split(":", 1)[1]
    tail = POINTER.split(clause)[-1].strip(" .,-")
    return "" if NOT_A_GLOSS.match(tail) else tail


def cut_pointers(clause: str) -> str:
    """Remove Han characters and U+ codes from a clause; "" if the clause is about them."""
    return "" if INNER_POINTER.search(clause) else substitute(POINTER_CUTS, clause)


def drop_dangling_words(clause: str) -> str:
    """Remove prepositions at the end that a cut has left ("songs of the people of")."""
    while (shorter := DANGLING.sub("", clause)) != clause:
        clause = shorter.strip(" .,;:-")
    return clause


def fold_to_ascii(text: str) -> str:
    """Fold letters to ASCII ("résumé" -> "resume"); characters without an ASCII form are removed."""
    decomposed = unicodedata.normalize("NFKD", text.translate(ASCII))
    return decomposed.encode("ascii", "ignore").decode("ascii")


def tidy(clause: str) -> str:
    """Normalise spaces and strip punctuation from both ends; quotation marks only if one of them is unpaired."""
    clause = SPACES.sub(" ", clause)
    is_unpaired = clause.count('"') % 2 or clause.count("'") % 2
    return clause.strip(EDGES + "'\"" if is_unpaired else EDGES)


def substitute(rules: Rules, text: str) -> str:
    """Apply substitution rules in order."""
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def distinct(senses: Iterable[str]) -> tuple[str, ...]:
    """Keep the first of senses that differ only in case."""
    first: dict[str, str] = {}
    for sense in senses:
        first.setdefault(sense.lower(), sense)
    return tuple(first.values())
