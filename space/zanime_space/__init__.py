"""The page that makes Z-Anime pictures: Gradio on top, the native engine beneath."""
