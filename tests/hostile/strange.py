"""What strangers might write: text that tries to be a command, a page, a picture or a terminal's control sequence."""

from __future__ import annotations

from hypothesis import strategies as st

COMMANDS = (
    "::error::x",
    "::ERROR title=a,file=b::x",
    "::set-output name=report::forged",
    "::add-mask::e",
    "::stop-commands::x",
    "##[error]x",
    "##[group]",
    "#\ufe0f#[error]",
    "::",
    ":",
    "##[",
    "%0A",
    "%0D%0A::error::x",
)
FILES = ("report<<EOF", "EOF", "name=value", "ghadelimiter_0123", "\ncheckpoint=1\n", "<<", "=")
MARKDOWN = (
    "|",
    "\\|",
    "`",
    "```",
    "~~~mermaid",
    "```mermaid\npie\n```",
    "[x](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "[x]: https://evil.example",
    "<https://evil.example>",
    "www.evil.example",
    "https://evil.example",
    "ftp://evil.example",
    "mailto:me@evil.example",
    "xmpp:me@evil.example/x",
    "me@evil.example",
    "@octocat",
    "@octo-org/team",
    "#1",
    "octo/hello#1",
    "GH-1",
    ":octocat:",
    "**x**",
    "__x__",
    "~~x~~",
    "# x",
    "\n# x\n",
    "\n---\n",
    "> [!NOTE]\n> x",
    "- [ ] x",
    "$x$",
    "$$x$$",
    "[^1]",
    "\\",
    "&lt;",
    "&#60;script&#62;",
)
HTML = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--",
    "-->",
    "</td></tr></table>",
    "</details>",
    "<details open>",
    "<a href='https://evil.example'>",
    "<br>",
    "<",
    "</",
)
MERMAID = ('"', '" : 1', "%%{init: {}}%%", 'click a "https://evil.example"', "end", ";", "-->")
TERMINAL = (
    "\x1b[2J",
    "\x1b]8;;https://evil.example\x1b\\x\x1b]8;;\x1b\\",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x1bc",
    "\x08",
    "\r",
    "[red]",
    "[/]",
    "[link=https://evil.example]x[/link]",
    "[bold",
    ":warning:",
    "\u202eevil",
    "\u2066",
    "\u200b",
)
BLANKS = ("\n", "\r\n", "\r", "\t", "\v", "\f", "\x1c", "\x85", "\xa0", "\u2028", "\u2029", "\u3000", " ")

#: What seems to end a sentence.
SENTENCES = (". 0", ". Ok. ", ".", ": ")
PIECES = (*COMMANDS, *FILES, *MARKDOWN, *HTML, *MERMAID, *TERMINAL, *BLANKS, *SENTENCES)

_some = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)

#: Anything that JSON can hold, but most of it pieces that do something somewhere.
text = _some | st.tuples(st.text(max_size=5), _some, st.text(max_size=5)).map("".join) | st.text(max_size=60)
