"""What all pages share: their frame, pictures and figures inside one file."""

import base64
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

from mmseg_medical._files import replacing

BLUE = '#0072b2'


def render(template: str, path: str | os.PathLike[str], **values: Any) -> Path:
    """Write a page as one HTML file that needs nothing beside it.

    Args:
        template: Name of a template of this folder.
        path: File to write.
        values: What the template asks for.

    Returns:
        ``path``.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    html = environment.get_template(template).render(**values)
    with replacing(path) as temporary:
        temporary.write_text(html, encoding='utf-8')
    return Path(path)


def embed_jpeg(data: bytes) -> str:
    """Address of a JPEG file that holds the file itself."""
    return f'data:image/jpeg;base64,{base64.b64encode(data).decode("ascii")}'


def figure_svg(
    draw: Callable[[Any, Any], None],
    data: Any,
    size: tuple[float, float] = (9, 2.6),
) -> str:
    """SVG of a figure; '' where there is nothing to draw.

    Args:
        draw: Draws ``data`` into a figure of matplotlib.
        data: Something that has a length.
        size: Width and height of the figure in inches.
    """
    if not len(data):
        return ''
    import matplotlib
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    with matplotlib.rc_context({'svg.fonttype': 'none'}):  # text as text
        figure = Figure(figsize=size, layout='constrained')
        draw(figure, data)
        for axes in figure.axes:
            axes.spines[['top', 'right']].set_visible(False)
            axes.grid(alpha=0.25)
            axes.set_axisbelow(True)
        unsaid = dict.fromkeys(('Creator', 'Date', 'Format', 'Type'))
        figure.savefig(buffer, format='svg', transparent=True, metadata=unsaid)
    svg = buffer.getvalue()
    return svg[svg.index('<svg') :]
