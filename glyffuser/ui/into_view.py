"""Answers that lie elsewhere on the page than what was tapped are scrolled to, by events that stay in the browser."""

JS = """() => {
  const isMotionReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const isTyping = IS_TYPING;
  const answer = NAMES.map((name) => document.getElementById(name)).find((found) => found?.offsetParent);
  if (!answer || isTyping) return;
  const scroll = () => answer.scrollIntoView({ block: "BLOCK", behavior: isMotionReduced ? "auto" : "smooth" });
  requestAnimationFrame(() => requestAnimationFrame(scroll));
}"""
"""Two frames later, when what the answer brought is laid out."""

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
