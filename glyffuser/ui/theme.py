"""Paper, ink and one seal-red accent; the same values serve Gradio's components and our own (assets/page.css)."""

import gradio as gr

SEAL = gr.themes.Color(
    "#fdf3f1", "#fae3df", "#f3c4bd", "#e89a90", "#d9675a", "#c63f31", "#b3261e", "#931d17", "#741813", "#591410",
    "#380b09", name="seal",
)  # fmt: skip
PAPER = gr.themes.Color(
    "#fffdf8", "#fbf8f1", "#f3eee2", "#ddd5c5", "#b9af9d", "#8d8373", "#6f675c", "#4b453d", "#332e28", "#221f1b",
    "#171512", name="paper",
)  # fmt: skip
# names of fonts that systems bring along: the page asks no other server for anything
SANS = ["ui-sans-serif", "system-ui", "sans-serif"]
MONO = ["ui-monospace", "Menlo", "Consolas", "monospace"]


def build_theme() -> gr.themes.Base:
    """The theme for `launch(theme=...)`, light and dark."""
    theme = gr.themes.Base(
        primary_hue=SEAL, secondary_hue=PAPER, neutral_hue=PAPER, radius_size="sm", font=SANS, font_mono=MONO
    )
    return theme.set(
        body_background_fill="*neutral_100",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_subdued="*neutral_600",
        block_background_fill="*neutral_50",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_border_color="*neutral_300",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_title_text_color="*neutral_600",
        block_title_text_color_dark="*neutral_300",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        link_text_color_dark="*primary_400",
        link_text_color_hover_dark="*primary_300",
        link_text_color_visited_dark="*primary_400",
        block_shadow="none",
        input_background_fill="white",
        input_background_fill_dark="*neutral_950",
        input_border_color="*neutral_500",
        input_border_color_dark="*neutral_500",
        input_border_width="1px",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        slider_color="*primary_600",
        slider_color_dark="*primary_500",
    )
