"""A job summary as GitHub shows it: its own parser of Markdown, and what its pages look for in what remains."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

#: What GitHub makes links or pictures of when Markdown is done: mentions, issues, commits elsewhere, emoji
#: (https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting).
_LOOKED_FOR = re.compile(
    r"@[a-z0-9]|#[0-9]|\bGH-[0-9]|:[\w+-]*[a-z][\w+-]*:|:100:|:1234:",
    re.IGNORECASE,
)


class Page(HTMLParser):
    """The tags of a page, each with its attributes, and the texts between them."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = [""]
        # Raw HTML is let through: GitHub takes out what is dangerous, and the rest of it would be forged all the same.
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag(f"<{tag} {attrs}>")

    def handle_endtag(self, tag: str) -> None:
        self._tag(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        self._tag(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._tag(f"<!{decl}>")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data

    def _tag(self, shown: str) -> None:
        self.tags.append(shown)
        self.texts.append("")

    @property
    def drawn(self) -> list[str]:
        """The sources of its Mermaid pictures."""
        named = zip(self.tags, self.texts[1:], strict=True)
        return [text for tag, text in named if tag.startswith("<code ") and "language-mermaid" in tag]

    @property
    def looked_for(self) -> list[str]:
        """What GitHub would make something of."""
        return [found[0] for text in self.texts for found in _LOOKED_FOR.finditer(text)]
