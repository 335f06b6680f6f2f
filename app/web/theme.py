"""How the page looks: gradio's base theme in calm colours, with the fonts that the visitor's system has.

Blue and orange are the left and right of the figures (`app.picture.figure`); violet is free of meaning and marks what
can be clicked.
"""

from __future__ import annotations

import gradio as gr

_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")


def theme() -> gr.themes.Base:
    """The theme; it names no web font, which gradio's own do."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        secondary_hue=gr.themes.colors.slate,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=_SANS,
        font_mono=_MONO,
    ).set(
        body_background_fill="#f6f7fb",
        body_background_fill_dark="#0d1017",
        block_background_fill="#ffffff",
        block_background_fill_dark="#151a23",
        block_border_color="#e3e7ef",
        block_border_color_dark="#252c39",
        block_label_background_fill="#ffffff",
        block_label_background_fill_dark="#151a23",
        input_background_fill="#ffffff",
        input_background_fill_dark="#10141c",
        button_primary_background_fill="#4f46e5",
        button_primary_background_fill_hover="#4338ca",
        button_primary_background_fill_dark="#5b54ea",
        button_primary_background_fill_hover_dark="#6d67f0",
        button_primary_text_color="#ffffff",
        # gradio's own soft greys are too faint to read: at least 4.5 : 1 on every ground
        body_text_color_subdued="#5b6575",
        body_text_color_subdued_dark="#a2acbc",
        link_text_color="#4f46e5",
        link_text_color_dark="#a5a1f5",
        link_text_color_visited="#4f46e5",
        link_text_color_visited_dark="#a5a1f5",
    )
