"""A summary's Markdown as a page like GitHub's. Pure, apart from its own templates."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from string import Template

from markdown_it import MarkdownIt

HERE = Path(__file__).parent
MERMAID = HERE.parents[1] / "githubsim" / "tests" / "contract" / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"

_ALERT = re.compile(r"<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")
_DIAGRAM = re.compile(r'<pre><code class="language-mermaid">(.*?)</code></pre>', re.DOTALL)
#: What a chart holds, as JSON: its colours, its title, the labels below its bars, and the bars of each colour.
_PARTS = re.compile(r'(?<="plotColorPalette": )".*?"|(?<=title )".*"|(?<=x-axis )\[.*\]|(?<=bar )\[.*\]')


def diagrams(markdown: str) -> list[str]:
    """The Mermaid blocks in it."""
    return re.findall(r"^```mermaid\n(.*?)^```$", markdown, re.DOTALL | re.MULTILINE)


def page(markdown: str, theme: str, *, with_mermaid: bool = True) -> str:
    """A whole document, in the theme ``light`` or ``dark``: a job's summary, or an issue if it has a title.

    Without Mermaid, which is a package of node's, charts are drawn in a plainer way.
    """
    body = MarkdownIt("gfm-like").render(markdown)
    body = _ALERT.sub(_alert, body)
    body = _DIAGRAM.sub(r'<pre class="mermaid">\1</pre>' if with_mermaid else _bars, body)
    job = "" if markdown.startswith("# ") else '<p class="job">redeliver <span>summary</span></p>'
    # It is large, so only where there is something to draw.
    mermaid = MERMAID.as_uri() if with_mermaid and diagrams(markdown) else ""
    template = Template((HERE / "page.html").read_text(encoding="utf-8"))
    style = (HERE / "page.css").read_text(encoding="utf-8")
    return template.safe_substitute(theme=theme, style=style, job=job, body=body, mermaid=mermaid)


def _bars(match: re.Match[str]) -> str:
    """The bars of a chart. Of those at one place, the highest comes first, as in Mermaid."""
    text = html.unescape(match[1])
    colours, title, labels, *layers = map(json.loads, _PARTS.findall(text))
    wide, high = 920 / len(labels), 150 / max(layers[0])
    drawn = [
        f'<rect x="{place * wide + 4:.0f}" y="{190 - height * high:.0f}" width="{wide - 8:.0f}" '
        f'height="{height * high:.0f}" fill="{colour}"/>'
        for colour, heights in zip(colours.split(", "), layers, strict=True)
        for place, height in enumerate(heights)
    ]
    drawn += [
        f'<text x="{(place + 0.5) * wide:.0f}" y="{y:.0f}">{html.escape(str(words))}</text>'
        for place, (label, height) in enumerate(zip(labels, layers[0], strict=True))
        for y, words in ((208, label), (186 - height * high, height or ""))
    ]
    text = f'<text x="460" y="14">{html.escape(title)}</text>{"".join(drawn)}'
    return f'<div class="drawing"><svg viewBox="0 0 920 214" font-size="11" text-anchor="middle">{text}</svg></div>'


def _alert(match: re.Match[str]) -> str:
    kind = match[1].lower()
    return f'<blockquote class="{kind}"><p class="title">{kind.capitalize()}</p><p>'
