"""How the page looks: theme, style sheet, the keys it knows."""

import gradio as gr

# The system's fonts: nothing is loaded from elsewhere.
_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif"]
_MONO = ["ui-monospace", "Consolas", "DejaVu Sans Mono", "monospace"]


def theme() -> gr.themes.Base:
    return gr.themes.Soft(
        primary_hue="indigo",
        secondary_hue="indigo",
        neutral_hue="slate",
        radius_size="lg",
        font=_FONTS,
        font_mono=_MONO,
    ).set(
        body_background_fill="*neutral_100",
        block_border_width="1px",
        block_border_color="*neutral_200",
        block_shadow="none",
        block_title_background_fill="transparent",
        block_title_background_fill_dark="transparent",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        block_title_padding="0",
        block_title_text_weight="600",
        block_label_background_fill="*background_fill_secondary",
        block_label_background_fill_dark="*background_fill_secondary",
        block_label_text_color="*body_text_color_subdued",
        block_label_text_color_dark="*body_text_color_subdued",
    )


CSS = """
.gradio-container { max-width: 1280px !important; margin: 0 auto; }
.gradio-container .zn-plain, .zn-plain .html-container, .zn-plain .prose { padding: 0 !important; }
.zn-head { display: flex; align-items: baseline; flex-wrap: wrap; gap: 0 0.75rem; }
.zn-head h1 { font-size: 1.6rem; font-weight: 700; margin: 0; }
.zn-head p { margin: 0; color: var(--body-text-color-subdued); }
/* Wide: what is asked and its settings beside the result. Narrow: the result right below the
   button, the settings last. */
.zn-grid { display: grid !important; gap: var(--layout-gap); align-items: start;
  grid-template: "ask result" auto "settings result" 1fr / minmax(0, 5fr) minmax(0, 6fr); }
.zn-grid > .column { min-width: 0 !important; }
.zn-ask { grid-area: ask; }
.zn-result { grid-area: result; }
.zn-settings { grid-area: settings; }
.zn-banner { padding: 0.6rem 0.9rem; border-radius: var(--radius-lg);
  border: 1px solid var(--border-color-primary); background: var(--background-fill-secondary);
  color: var(--body-text-color); }
.zn-status { display: flex; align-items: center; gap: 0.9rem; min-height: 3.2rem;
  padding: 0.6rem 0.9rem; border-radius: var(--radius-lg);
  border: 1px solid var(--border-color-primary); background: var(--background-fill-primary);
  color: var(--body-text-color); }
.zn-status > div { flex: 1; min-width: 0; }
.zn-status span { white-space: pre-line; overflow-wrap: anywhere; }
.zn-status img { width: 6rem; max-height: 8rem; object-fit: contain;
  border-radius: var(--radius-md); image-rendering: auto; }
.zn-idle { color: var(--body-text-color-subdued); }
.zn-done { border-color: var(--color-green-500, #22c55e); }
.zn-failed { border-color: var(--error-border-color, #ef4444); }
.zn-bar { height: 0.4rem; margin-top: 0.45rem; border-radius: 0.2rem; overflow: hidden;
  background: var(--border-color-primary); }
.zn-bar i { display: block; height: 100%; background: var(--color-accent);
  transition: width 0.2s linear; }
/* Pictures keep their shape and are seen whole. */
#gallery, #gallery .gallery-container, #gallery .grid-wrap { height: auto; max-height: none; }
#gallery .thumbnail-lg { height: auto; aspect-ratio: auto; background: none; }
#gallery .thumbnail-lg > img { width: 100%; height: auto; max-height: 78vh; object-fit: contain; }
#history-gallery .gallery-container, #history-gallery .grid-wrap { height: auto; min-height: 0; }
#history-gallery .grid-container { grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); }
.zn-seed { align-items: stretch; }
#dice { min-width: 3rem; max-width: 3.5rem; font-size: 1.5rem; line-height: 1; }
footer .divider { display: none !important; } /* between links that are not shown */
.toast-body .toast-text { white-space: pre-line; overflow-wrap: anywhere; }
@media (max-width: 800px) {
  .zn-grid { grid-template: "ask" auto "result" auto "settings" auto / minmax(0, 1fr); }
}
@media (max-width: 640px) {
  .gradio-container > main { padding: 0.75rem !important; }
  .zn-head h1 { font-size: 1.3rem; }
}
"""

# Ctrl + Enter (Cmd + Enter) anywhere on the page.
HEAD = """
<script>
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const button = document.querySelector("#generate");
  if (!button) return;
  event.preventDefault();
  document.activeElement?.dispatchEvent(new Event("change", { bubbles: true }));
  setTimeout(() => button.click(), 50);
});
</script>
"""

# A seed of 64 bits, which no number of JavaScript holds.
DICE = """() => {
  const parts = crypto.getRandomValues(new Uint32Array(2));
  return ((BigInt(parts[0]) << 32n) | BigInt(parts[1])).toString();
}"""

# What the size buttons show for a width and a height: one of theirs, or none.
SIZE_OF = "(width, height) => width || height ? `${width}x${height}` : 'automatic'"

# Of a button, in the browser: answers of the server might overtake one another.
ENABLED = "() => ({ __type__: 'update', interactive: true })"
DISABLED = "() => ({ __type__: 'update', interactive: false })"

# What a start of the page and a mount of it have in common.
MOUNT = {
    "css": CSS,
    "head": HEAD,
    "footer_links": ["api"],
    "run_history": False,  # prompts are nobody else's business
    "ssr_mode": False,
    "max_file_size": "50mb",
}
