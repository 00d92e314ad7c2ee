"""A summary's Markdown as a page like GitHub's. Pure but for its own templates."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from markdown_it import MarkdownIt

HERE = Path(__file__).parent
MERMAID = HERE.parents[1] / "githubsim" / "tests" / "contract" / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"

_ALERT = re.compile(r"<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")
_DIAGRAM = re.compile(r'<pre><code class="language-mermaid">(.*?)</code></pre>', re.DOTALL)


def diagrams(markdown: str) -> list[str]:
    """The Mermaid blocks in it."""
    return re.findall(r"^```mermaid\n(.*?)^```$", markdown, re.DOTALL | re.MULTILINE)


def page(markdown: str, theme: str) -> str:
    """A whole document, in the theme ``light`` or ``dark``: a job's summary, or an issue if it has a title."""
    body = MarkdownIt("gfm-like").render(markdown)
    body = _ALERT.sub(_alert, body)
    body = _DIAGRAM.sub(r'<pre class="mermaid">\1</pre>', body)
    job = "" if markdown.startswith("# ") else '<p class="job">redeliver <span>summary</span></p>'
    mermaid = MERMAID.as_uri() if diagrams(markdown) else ""  # it is large, so only where there is something to draw
    template = Template((HERE / "page.html").read_text(encoding="utf-8"))
    style = (HERE / "page.css").read_text(encoding="utf-8")
    return template.safe_substitute(theme=theme, style=style, job=job, body=body, mermaid=mermaid)


def _alert(match: re.Match[str]) -> str:
    kind = match[1].lower()
    return f'<blockquote class="{kind}"><p class="title">{kind.capitalize()}</p><p>'
