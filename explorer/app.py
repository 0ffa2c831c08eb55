"""What is drawn for every tab: the frame, and the page that the address names."""

import streamlit as st
from PIL import Image

from explorer import frame
from explorer.look import icon, style_sheet
from explorer.pages import clusters, explore, export, issues, runs
from explorer.shared import shared


def main() -> None:
    """Draw the page that the address names."""
    sh = shared()
    with Image.open(icon()) as picture:
        st.set_page_config(page_title=f"{sh.ex.name} · dataset-explorer", page_icon=picture.copy(), layout="wide")
    st.html(f"<style>{style_sheet()}</style>")
    pages = {
        "explore": st.Page(explore.page, title="Explore", url_path="explore", default=True),
        "issues": st.Page(issues.page, title="Issues", url_path="issues"),
        "clusters": st.Page(clusters.page, title="Clusters", url_path="clusters"),
        "export": st.Page(export.page, title="Export", url_path="export"),
        "runs": st.Page(runs.page, title="Runs", url_path="runs"),
    }
    current = st.navigation(list(pages.values()), position="hidden")
    name = next(key for key, page in pages.items() if page is current or page.url_path == current.url_path)
    with st.container(key="top-bar"):
        frame.top(name, pages)
    current.run()
