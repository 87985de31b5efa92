"""Maps the language of a code fence to Slack's name for it."""

from __future__ import annotations

# Slack's own words (Slack docs, Rich text preformatted element: "python", "javascript", "json" and so on). Which ones
# it takes is not documented, so only well-known ones are passed on.
_KNOWN = frozenset(
    {
        *("bash", "c", "cpp", "csharp", "css", "diff", "dockerfile", "go", "graphql", "html", "java", "javascript"),
        *("json", "kotlin", "lua", "markdown", "php", "powershell", "python", "r", "ruby", "rust", "scala", "sql"),
        *("swift", "typescript", "xml", "yaml"),
    }
)
_SHORT = {
    "bash": ("sh", "shell", "zsh"),
    "cpp": ("c++",),
    "csharp": ("c#", "cs"),
    "go": ("golang",),
    "javascript": ("js", "jsx"),
    "kotlin": ("kt",),
    "markdown": ("md",),
    "powershell": ("ps1",),
    "python": ("py", "python3"),
    "ruby": ("rb",),
    "rust": ("rs",),
    "typescript": ("ts", "tsx"),
    "yaml": ("yml",),
}
_NAMES = {name: name for name in _KNOWN} | {short: name for name, shorts in _SHORT.items() for short in shorts}


def language(info: str) -> str:
    """What Slack calls the language that a fence's info string begins with; empty where we do not know."""
    first, *_ = [*info.split(maxsplit=1), ""]
    return _NAMES.get(first.lower(), "")
