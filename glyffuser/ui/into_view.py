"""Answers that lie elsewhere on the page than what was tapped are scrolled to, by events that stay in the browser."""

JS = """() => void setTimeout(() => {
  const isMotionReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const isTyping = IS_TYPING;
  const answer = NAMES.map((name) => document.getElementById(name)).find((found) => found?.offsetParent);
  if (answer && !isTyping) answer.scrollIntoView({ block: "BLOCK", behavior: isMotionReduced ? "auto" : "smooth" });
}, 300)"""
"""A moment later, when another tab is open and what the answer brought is laid out."""

IS_TYPING = 'Boolean(document.activeElement?.matches("input, textarea"))'


def into_view(*names: str, block: str = "nearest", while_typing: bool = True) -> str:
    """JavaScript that scrolls to an answer; for an event whose function is None.

    Args:
        names: ids of elements; the first one that is displayed.
        block: "nearest" moves no further than it must, "start" puts the answer at the top.
        while_typing: False for an answer that comes late: the page holds still for a visitor in a field by then.
    """
    is_typing = "false" if while_typing else IS_TYPING
    return JS.replace("NAMES", str(list(names))).replace("BLOCK", block).replace("IS_TYPING", is_typing)
